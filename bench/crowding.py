"""P8: many small files at once, as when a folder is dropped, into an S3 store."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count

import boto3
from botocore.config import Config

from _store import BUCKET, CREDENTIALS
from bench.ground import LOAD_CORE, Ground, connect
from bench.measuring import Result, Side, alternate
from bench.portal import HOST, Portal
from bench.serving import APP, BOUNDARY
from bench.wire import answer, head, on_core

FILES = int(os.environ.get("BENCH_FILES", "500"))
LINES = 6  # a browser's connections to one host
BODY = os.urandom(100_000)


def p8(ground: Ground, portal: Portal) -> Iterator[Result]:
    with ground.store() as store:
        env = portal.env | CREDENTIALS | {"STORAGE_URL": store.url}
        with ground.gunicorn(APP, env) as ours:
            kept, put = alternate(
                _sending(ours, lambda number: _form(portal, f"{number}.bin")),
                _sending(store.port, _putting(store.port)),
            )
    ratio = put.median / kept.median
    rate = FILES / kept.median * 1000
    yield Result(
        id="P8",
        value=rate,
        baseline=FILES / put.median * 1000,
        ratio=ratio,
        unit="files/s",
        target=">= 0.3 x, >= 60 files/s",
        ok=ratio >= 0.3 and rate >= 60,
        also={"files": FILES, "bytes": len(BODY), "lines": LINES},
    )


def _sending(port: int, request_of: Callable[[int], bytes]) -> Side:
    """All of them over six lines; the requests are made before."""
    numbers = count()

    def once() -> list[float]:
        requests = [request_of(next(numbers)) for _ in range(FILES)]
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


def _putting(port: int) -> Callable[[int], bytes]:
    """The bare PUT of such a file, signed beforehand."""
    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(signature_version="s3v4"),
    )

    def request(number: int) -> bytes:
        place = {"Bucket": BUCKET, "Key": f"bare/{number}"}
        signed = s3.generate_presigned_url("put_object", Params=place)
        path = signed.removeprefix(s3.meta.endpoint_url)
        host = f"127.0.0.1:{port}"
        return (
            head("PUT", path, {"Host": host, "Content-Length": str(len(BODY))}) + BODY
        )

    return request


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
