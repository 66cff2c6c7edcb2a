"""A Redis of the test's own, which may be ended and started again."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from redis.exceptions import RedisError

from _parts import free_ports
from tests.delivery.processes import wait_until

SERVER = shutil.which("redis-server")
needs_redis = pytest.mark.skipif(
    not SERVER or not os.environ.get("TEST_REDIS_URL"),
    reason="TEST_REDIS_URL is not set or redis-server is absent: run bin/test",
)


class Queue:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (self.port,) = free_ports(1)
        self.redis = Redis(port=self.port, socket_timeout=5)
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(  # noqa: S603 - the tests' own server
            [str(SERVER), *words, "--dir", str(self.folder)], stdout=subprocess.DEVNULL
        )
        wait_until(self.is_there)

    def is_there(self) -> bool:
        try:
            return bool(self.redis.ping())
        except RedisError:
            return False

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def redis(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Queue]:
    """The application's queue is this one."""
    server = Queue(tmp_path)
    monkeypatch.setitem(app.config, "REDIS_URL", server.url)
    yield server
    server.end()
