"""Having a file read apart: in a process of limited memory and time, with no secrets.

One process for each web server or job, started at the first need, has the readers
loaded and forks for each file (`apart_child`): some milliseconds, where starting Python
each time takes a quarter of a second. A pool of readers would be no cheaper, and what
one firm's file did to a reader would meet the next firm's.
"""

import atexit
import json
import logging
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

log = logging.getLogger(__name__)
CHILD = Path(__file__).with_name("apart_child.py")
SECONDS = 15
MEGABYTES = 1024  # of address space: 100 megapixels of HEIC, decoded
AT_ONCE = 2  # in each process that asks
START_SECONDS = 20
PASSED_ON = ("PATH", "LANG", "LD_LIBRARY_PATH", "TMPDIR", "TESSDATA_PREFIX")


def ask(
    task: str,
    source: BinaryIO,
    content_type: str,
    result: BinaryIO | None = None,
    *,
    seconds: int = SECONDS,
    megabytes: int = MEGABYTES,
    **wishes: Any,
) -> dict[str, Any] | None:
    """What the task says of the file; None when its reader broke or took too long.
    `wishes` are the task's own, some 3 kB of them.

    `source` and `result` are files of the disk; the result is written from its start.
    """
    order = {
        "task": task,
        "content_type": content_type,
        "seconds": seconds,
        "megabytes": megabytes,
        "wishes": wishes,
    }
    with _turns, tempfile.TemporaryFile() as nothing:
        files = (source.fileno(), (result or nothing).fileno())
        answer = _nursery.begin(json.dumps(order).encode(), files)
        if answer is None:
            log.error("no process to read files with: is Python's fork to be had?")
            return None
        said = _read(answer, seconds + 1)
    if said is None or "fault" in said:
        log.warning("a file of type %s broke its reader: %s", content_type, said)
        return None
    return said


def _read(answer: int, seconds: float) -> dict[str, Any] | None:
    """Everything up to its end, which comes by itself or by the kernel's hand."""
    until, text = time.monotonic() + seconds, b""
    try:
        while select.select([answer], [], [], max(0, until - time.monotonic()))[0]:
            chunk = os.read(answer, 4096)
            if not chunk:
                return dict(json.loads(text)) if text else None
            text += chunk
        return None
    finally:
        os.close(answer)


class _Nursery:
    """The process that forks; started again when it is gone, or not ours."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = 0
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, order: bytes, files: tuple[int, int]) -> int | None:
        """Where the answer will be read, once a fork has begun; tried twice."""
        with self._lock:
            for _try in range(2):
                answer = self._send(order, files)
                if answer is not None:
                    return answer
                self.stop()
        return None

    def _send(self, order: bytes, files: tuple[int, int]) -> int | None:
        answer, told = os.pipe()
        try:
            socket.send_fds(self._started(), [order], [*files, told])
        except OSError:
            os.close(answer)
            return None
        finally:
            os.close(told)
        # One order at a time is on the line; the first may wait for the start.
        is_there = select.select([answer], [], [], START_SECONDS)[0]
        if is_there and os.read(answer, 1):
            return answer
        os.close(answer)
        return None

    def _started(self) -> socket.socket:
        if self._control is None or self._owner != os.getpid():
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 - our own file
                    [sys.executable, "-I", str(CHILD), str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env={n: os.environ[n] for n in PASSED_ON if n in os.environ},
                    cwd="/",
                    start_new_session=True,  # a Ctrl-C is for whoever asks
                )
            self._control, self._owner = ours, os.getpid()
        return self._control

    def stop(self) -> None:
        """It ends when its line does."""
        if self._control is not None and self._owner == os.getpid():
            self._control.close()
            if self._process is not None:
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout=2)
        self._control = self._process = None


_nursery = _Nursery()
_turns = threading.BoundedSemaphore(AT_ONCE)
atexit.register(_nursery.stop)
