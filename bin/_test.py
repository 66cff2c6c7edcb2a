"""Starts a private PostgreSQL and a private Redis, runs pytest, ends all three."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from _parts import ROOT, VENV, Part, PartFailed, Queue, end, end_with_parent

PATIENCE = 60.0  # seconds for a server to answer
ROLE = "guichet"
WORKERS = min(os.cpu_count() or 1, 4)
SIDE_BY_SIDE = ("-n", str(WORKERS), "--dist", "worksteal")


class Postgres(Part):
    """A server that listens on a socket only, in a folder that only we may enter.
    Unless it is `durable` it does not wait for the disk: a power cut would cost it."""

    def __init__(self, folder: Path, log: Path, *, durable: bool) -> None:
        self.folder = folder
        self.programs = postgres_programs()
        # The server refuses to run as root.
        user = "postgres" if os.geteuid() == 0 else None
        if user:
            owner = pwd.getpwnam(user)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        command: list[str | Path] = [
            *(self.programs / "postgres", "-D", folder / "data", "-k", folder),
            *("-c", "listen_addresses=", "-c", "max_connections=300"),
            *("-c", f"fsync={'on' if durable else 'off'}"),
        ]
        super().__init__(
            "PostgreSQL",
            command,
            log,
            cwd=folder,
            user=user,
            stop_with=signal.SIGINT,  # without waiting for its clients
        )

    def make(self) -> None:
        command: list[str | Path] = [
            *(self.programs / "initdb", "--pgdata", self.folder / "data"),
            *(f"--username={ROLE}", "--auth=trust", "--encoding=UTF8"),
            *("--locale=C.UTF-8", "--no-instructions", "--no-sync"),
        ]
        subprocess.run(
            command,
            cwd=self.folder,
            user=self.user,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def is_ready(self) -> bool:
        asking: list[str | Path]
        asking = [self.programs / "pg_isready", "--quiet", "--host", self.folder]
        return subprocess.run(asking).returncode == 0

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://{ROLE}@/postgres?host={self.folder}"


def postgres_programs() -> Path:
    """The newest server that Debian has installed, else the one on PATH."""
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    if found := sorted(debian, key=lambda path: float(path.parts[-3])):
        return found[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    raise FileNotFoundError("initdb")


@contextmanager
def servers() -> Iterator[dict[str, str]]:
    """The environment that says where the servers are, while they run."""
    folder = Path(tempfile.mkdtemp(prefix="guichet-test-"))
    home = Path(tempfile.mkdtemp(prefix="guichet-pg-"))
    started: list[Part] = []
    try:
        postgres = Postgres(home, folder / "postgresql.log", durable=False)
        queue = Queue(folder, folder / "queue.log", keep=False)
        postgres.make()
        for part in (postgres, queue):
            started.append(part)
            part.start()
        wait(postgres, postgres.is_ready)
        wait(queue, queue.is_ready)
        yield {"TEST_POSTGRES_URL": postgres.url, "TEST_REDIS_URL": queue.url}
    finally:
        end(started)
        shutil.rmtree(folder)
        shutil.rmtree(home)


def wait(part: Part, until: Callable[[], bool], patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not until():
        if part.exit_code() is not None or time.monotonic() > deadline:
            raise PartFailed(part, "did not start")
        time.sleep(0.1)


class Pytest:
    """Gets Ctrl-C from the terminal as we do, and from us when we are ended."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        signal.signal(signal.SIGINT, self._leave_it_to_pytest)
        signal.signal(signal.SIGTERM, self._interrupt)

    def run(self, arguments: list[str], env: dict[str, str]) -> int:
        self.process = subprocess.Popen(
            [str(VENV / "python"), "-m", "pytest", *SIDE_BY_SIDE, *arguments],
            cwd=ROOT,
            env=dict(os.environ) | env,
            preexec_fn=partial(end_with_parent, signal.SIGINT),
        )
        return self.process.wait()

    def _leave_it_to_pytest(self, *_: object) -> None:
        if self.process is None:
            raise KeyboardInterrupt

    def _interrupt(self, *_: object) -> None:
        if self.process is None:
            raise KeyboardInterrupt
        self.process.send_signal(signal.SIGINT)


def main(arguments: list[str]) -> int:
    try:
        pytest = Pytest()
        with servers() as env:
            return pytest.run(arguments, env)
    except PartFailed as failure:
        part = failure.part
        print(f"{part.name} {failure}:\n{part.last_lines()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
