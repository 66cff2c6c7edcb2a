"""P8: many small files at once, as when a folder is dropped."""

import os
import threading
import time
from collections.abc import Iterator
from itertools import count

from bench.ground import LOAD_CORE, Ground, connect
from bench.measuring import Result, Side, alternate
from bench.portal import HOST, Portal
from bench.serving import APP, BOUNDARY
from bench.wire import answer, head, on_core

FILES = int(os.environ.get("BENCH_FILES", "500"))
LINES = 6  # a browser's connections to one host
BODY = os.urandom(100_000)


def p8(ground: Ground, portal: Portal) -> Iterator[Result]:
    with (
        ground.gunicorn(APP, portal.env) as ours,
        ground.gunicorn("bench.plain:keep", {}) as keep,
    ):
        kept, plain = alternate(_uploads(ours, portal), _uploads(keep, portal))
    ratio = plain.median / kept.median
    rate = FILES / kept.median * 1000
    yield Result(
        id="P8",
        value=rate,
        baseline=FILES / plain.median * 1000,
        ratio=ratio,
        unit="files/s",
        target=">= 0.3 x, >= 60 files/s",
        ok=ratio >= 0.3 and rate >= 60,
        also={"files": FILES, "bytes": len(BODY), "lines": LINES},
    )


def _uploads(port: int, portal: Portal) -> Side:
    """All of them over six lines; the other side hashes and writes each body too."""
    rounds = count()

    def once() -> list[float]:
        requests = [_form(portal, f"{next(rounds)} {n}.bin") for n in range(FILES)]
        faults: list[int] = []

        def send(number: int) -> None:
            with connect(port) as line:
                for request in requests[number::LINES]:
                    line.sendall(request)
                    if (status := answer(line)) not in {200, 303}:
                        faults.append(status)

        threads = [threading.Thread(target=send, args=(n,)) for n in range(LINES)]
        start = time.perf_counter()
        with on_core(LOAD_CORE):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        took = (time.perf_counter() - start) * 1000
        if faults:
            raise RuntimeError(f"uploads were answered {set(faults)}")
        return [took]

    return once


def _form(portal: Portal, name: str) -> bytes:
    top = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; '
        f'filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n{name}'
    ).encode()
    body = top + BODY + f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = {
        "Host": HOST,
        "Cookie": f"sid={portal.cookie}",
        "X-CSRFToken": portal.csrf_token,
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": str(len(body)),
    }
    path = f"{portal.path(portal.inbox)}/documents"
    return head("POST", path, headers) + body
