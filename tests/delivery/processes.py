"""The product's own processes, on the database and the mail server of the test."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from tests.smtp import MailServer

ROOT = Path(__file__).resolve().parents[2]
RUN = "from app import create_app; from app.delivery import tick\n"
ONE_RUN = f"{RUN}with create_app().app_context(): print(tick.run())"


def environment(app: Flask, smtp: MailServer) -> dict[str, str]:
    return dict(os.environ) | {
        "GUICHET_ENV": "test",
        "SECRET_KEY": "for tests only",
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        "REDIS_URL": app.config["REDIS_URL"],
        "STORAGE_URL": app.config["STORAGE_URL"],
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": str(smtp.port),
        "MAIL_TIMEOUT": "5",
        "TICK_MINUTES": "1",
    }


def start(
    *words: str | Path, env: dict[str, str], log: Path
) -> subprocess.Popen[bytes]:
    """Python in a session of its own, writing to the log."""
    with log.open("ab") as out:
        return subprocess.Popen(  # noqa: S603 - our own code
            [sys.executable, *words],
            env=env,
            cwd=ROOT,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def members(process: subprocess.Popen[bytes]) -> list[int]:
    """The living processes of its session: work-horses have a group of their own."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session, *_ = stat.read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(session) == process.pid and state != b"Z":
            found.append(int(stat.parent.name))
    return found


def signal_all(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """As a host does that ends a machine: each process is told, not only the first."""
    for pid in members(process):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it did not come to that in time"
        time.sleep(0.1)
