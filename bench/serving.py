"""P4, P6: the application behind gunicorn, one worker of four threads."""

import os
import shutil
from collections.abc import Iterator
from itertools import chain, count, repeat
from pathlib import Path

from bench.ground import LOAD_CORE, Ground
from bench.measuring import Result, Side, alternate, timed
from bench.portal import HOST, Portal
from bench.wire import ask, head, on_core, rate

SECONDS = 3.0  # of load in a round
UPLOAD_MB = int(os.environ.get("BENCH_UPLOAD_MB", "200"))
APP = "app:create_app()"
CHUNK = os.urandom(1_000_000)
BOUNDARY = "bench-boundary-7d3f"


def p4(ground: Ground, portal: Portal) -> Iterator[Result]:
    page = {"Host": HOST, "Cookie": f"sid={portal.cookie}"}
    asked = head("GET", portal.path(portal.big), page)
    plain = head("GET", "/", {"Host": HOST})
    with (
        ground.gunicorn(APP, portal.env) as ours,
        ground.gunicorn("bench.plain:hello", {}) as hello,
    ):
        served, greeted = alternate(
            lambda: [rate(ours, asked, SECONDS)], lambda: [rate(hello, plain, SECONDS)]
        )
    ratio = served.median / greeted.median
    yield Result(
        id="P4",
        value=served.median,
        baseline=greeted.median,
        ratio=ratio,
        unit="requests/s",
        target=">= 0.15 x",
        ok=ratio >= 0.15,
    )


def p6(ground: Ground, portal: Portal) -> Iterator[Result]:
    with (
        ground.gunicorn(APP, portal.env) as ours,
        ground.gunicorn("bench.plain:drain", {}) as drain,
        ground.gunicorn("bench.plain:keep", {}) as keep,
    ):
        kept, drained, needed = alternate(
            upload(ours, portal, ground.folder / "files"),
            upload(drain, portal, None),
            upload(keep, portal, None),
        )
    ratio = drained.median / kept.median
    yield Result(
        id="P6",
        value=UPLOAD_MB / kept.median * 1000,
        baseline=UPLOAD_MB / drained.median * 1000,
        ratio=ratio,
        unit="MB/s",
        target=">= 0.7 x",
        ok=ratio >= 0.7,
        also={
            "ms": kept.median,
            "baseline_ms": drained.median,
            "hashed_and_written_ms": needed.median,
            "worst_ms": kept.worst,
        },
    )


def upload(port: int, portal: Portal, files: Path | None) -> Side:
    """One file as a browser's form sends it; what was stored is removed, untimed."""
    numbers = count()

    def once() -> list[float]:
        request = _form(portal, f"film {next(numbers)}.bin")
        with on_core(LOAD_CORE):
            status: list[int] = []
            took = timed(lambda: status.append(ask(port, request)))
        if status[0] not in {200, 303}:
            raise RuntimeError(f"the upload was answered {status[0]}")
        if files is not None:
            shutil.rmtree(files)
        os.sync()
        return [took]

    return once


def _form(portal: Portal, name: str) -> Iterator[bytes]:
    top = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; '
        f'filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n{name}'
    ).encode()
    end = f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = {
        "Host": HOST,
        "Cookie": f"sid={portal.cookie}",
        "X-CSRFToken": portal.csrf_token,
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": str(len(top) + UPLOAD_MB * len(CHUNK) + len(end)),
    }
    first = head("POST", f"{portal.path(portal.inbox)}/documents", headers)
    return chain([first, top], repeat(CHUNK, UPLOAD_MB), [end])
