"""The servers that the benchmarks stand on: private, on loopback, ended with them."""

import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from _parts import ROOT, VENV, Part, Queue, end, free_port, listens
from _store import PATIENCE, Store
from _test import Postgres, wait

PLATFORM = "guichet.test"
APP_CORE, LOAD_CORE = 0, 1


class Ground:
    """A database server, a queue, and whatever a benchmark puts on them."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.parts: list[Part] = []
        self.postgres = Postgres(home, folder / "postgresql.log", durable=True)
        self.queue = Queue(folder, folder / "queue.log", keep=False)

    def start(self) -> None:
        self.postgres.make()
        for part in (self.postgres, self.queue):
            self.parts.append(part)
            part.start()
        wait(self.postgres, self.postgres.is_ready)
        wait(self.queue, self.queue.is_ready)
        os.environ.update(self.settings())

    def settings(self) -> dict[str, str]:
        """What the application reads from its environment, here and in gunicorn."""
        return {
            "GUICHET_ENV": "demo",
            "SECRET_KEY": secrets.token_hex(32),
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.queue.url,
            "STORAGE_URL": (self.folder / "files").as_uri(),
            "PLATFORM_DOMAIN": PLATFORM,
            "MAIL_DOMAIN": "mail.guichet.test",
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_USERNAME": "",
            "MAIL_USE_TLS": "false",
            "MAIL_USE_SSL": "false",
            "MAX_UPLOAD_MB": "1000",
            "LOG_LEVEL": "WARNING",
        }

    def new_database(self, name: str) -> str:
        server = sa.create_engine(self.postgres.url, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
        server.dispose()
        url = sa.make_url(self.postgres.url).set(database=name)
        return url.render_as_string(hide_password=False)

    @contextmanager
    def gunicorn(
        self,
        target: str,
        env: Mapping[str, str],
        *,
        programs: Path = VENV,
        folder: Path = ROOT,
    ) -> Iterator[int]:
        """One worker of four threads, as in the Procfile; gives its port. The target is
        looked for in the folder; what `gunicorn.conf.py` says holds for any."""
        port = free_port()
        command: list[str | Path] = [
            *pinned_to(APP_CORE),
            *(programs / "gunicorn", "--no-control-socket", "--chdir", folder),
            *("--worker-class", "gthread"),
            *("--workers", "1", "--threads", "4", "--keep-alive", "60"),
            *("--bind", f"127.0.0.1:{port}", target),
        ]
        with self.running(command, port, env):
            yield port

    @contextmanager
    def sink(self, *options: str) -> Iterator[int]:
        """A mail server that takes everything and keeps nothing; gives its port."""
        port = free_port()
        command: list[str | Path]
        command = [VENV / "python", "-m", "bench.sink", str(port), *options]
        with self.running(command, port, {}):
            yield port

    @contextmanager
    def store(self) -> Iterator[Store]:
        """An S3 server with an empty bucket."""
        folder = self.folder / "store"
        folder.mkdir()
        store = Store(folder)
        try:
            with self._started(store):
                wait(store, store.is_ready, PATIENCE)
                yield store
        finally:
            shutil.rmtree(folder)

    @contextmanager
    def running(
        self, command: list[str | Path], port: int, env: Mapping[str, str]
    ) -> Iterator[None]:
        log = self.folder / f"{port}.log"
        part = Part(f"port {port}", command, log, {**os.environ, **env}, cwd=ROOT)
        with self._started(part):
            wait(part, lambda: listens(port))
            yield

    @contextmanager
    def _started(self, part: Part) -> Iterator[None]:
        self.parts.append(part)
        part.start()
        try:
            yield
        finally:
            end([part])
            self.parts.remove(part)


def pinned_to(core: int) -> list[str | Path]:
    """The load and the application do not fight for one core, where there are two."""
    taskset = shutil.which("taskset")
    several = len(os.sched_getaffinity(0)) > 1
    return [taskset, "--cpu-list", str(core)] if taskset and several else []


@contextmanager
def ground() -> Iterator[Ground]:
    folder = Path(tempfile.mkdtemp(prefix="guichet-bench-"))
    home = Path(tempfile.mkdtemp(prefix="guichet-pg-"))
    under = Ground(folder, home)
    try:
        under.start()
        yield under
    finally:
        end(under.parts)
        shutil.rmtree(folder)
        shutil.rmtree(home)


def connect(port: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=120)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line
