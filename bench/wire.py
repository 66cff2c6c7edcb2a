"""A small HTTP/1.1 client that costs less than what it measures: bytes that are ready
go out, and of the answer only the status and the length are read.
"""

import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from bench.ground import LOAD_CORE, connect

LINES = 8


def head(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def answer(line: socket.socket) -> int:
    """Read one answer to its end; gives its status."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += _more(line)
    top, _, rest = got.partition(b"\r\n\r\n")
    status, *fields = top.split(b"\r\n")
    known = dict(field.lower().split(b":", 1) for field in fields)
    left = int(known.get(b"content-length", 0)) - len(rest)
    while left > 0:
        left -= len(_more(line))
    return int(status.split()[1])


def _more(line: socket.socket) -> bytes:
    if not (got := line.recv(262144)):
        raise ConnectionError("the answer was cut short")
    return got


def ask(port: int, request: Iterable[bytes]) -> int:
    with connect(port) as line:
        for piece in request:
            line.sendall(piece)
        return answer(line)


def rate(port: int, request: bytes, seconds: float) -> float:
    """Answers a second, over several lines that are kept open."""
    counts = [0] * LINES
    until = time.monotonic() + seconds

    def ask_again(number: int) -> None:
        with connect(port) as line:
            while time.monotonic() < until:
                line.sendall(request)
                if answer(line) != 200:
                    return
                counts[number] += 1

    threads = [threading.Thread(target=ask_again, args=(n,)) for n in range(LINES)]
    start = time.monotonic()
    with on_core(LOAD_CORE):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if not all(counts):
        raise RuntimeError(f"answers were not all 200: {counts}")
    return sum(counts) / (time.monotonic() - start)


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """This process leaves the other cores to the application meanwhile."""
    before = os.sched_getaffinity(0)
    if core in before and len(before) > 1:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
