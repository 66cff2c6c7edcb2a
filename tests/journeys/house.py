"""The real thing, as it runs for people: the web server, the worker with its clock, the
queue, the database and a mail server that keeps what it gets. Loopback only."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from _parts import free_ports
from tests.conftest import fresh_postgres
from tests.delivery.processes import ROOT, members, signal_all, start, wait_until
from tests.smtp import MailServer, Received

BIN = Path(sys.executable).parent
PATIENCE = 60.0


class House:
    """Where the portals are, and what left by mail."""

    def __init__(self, folder: Path, mail: MailServer) -> None:
        self.folder = folder
        self.mail = mail
        self.port, self.inbound_port = free_ports(2)
        self.running: list[subprocess.Popen[bytes]] = []
        self.env: dict[str, str] = {}

    def python(self, code: str) -> None:
        """Run the code inside the application of the house."""
        script = f"from app import create_app\nwith create_app().app_context():\n{code}"
        subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-c", script], env=self.env, cwd=ROOT, check=True
        )

    def url(self, portal: str, path: str = "/") -> str:
        """Without portal the operator's console."""
        host = f"{portal}.localhost" if portal else "localhost"
        return f"http://{host}:{self.port}{path}"

    def sent_by(self, sender: str) -> list[Received]:
        return [message for message in self.mail.messages if message.sender == sender]

    def log(self, name: str) -> str:
        file = self.folder / f"{name}.log"
        return file.read_text(errors="replace")[-3000:] if file.exists() else ""

    def is_healthy(self) -> bool:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            line.request("GET", "/healthz", headers={"Host": f"localhost:{self.port}"})
            return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    def run(self, name: str, *words: str | Path, env: dict[str, str]) -> None:
        log = self.folder / f"{name}.log"
        self.running.append(start(*words, env=env, log=log))

    def end(self) -> None:
        """Asked first, then killed, each by its number."""
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 10
        while any(members(p) for p in self.running) and time.monotonic() < deadline:
            for process in self.running:
                process.poll()
            time.sleep(0.05)
        for process in self.running:
            signal_all(process, signal.SIGKILL)
            process.wait()


@contextmanager
def on_postgres(folder: Path, redis_url: str) -> Iterator[House]:
    """As in production: PostgreSQL, Redis, gunicorn's threads, one worker."""
    with ExitStack() as parts:
        house = House(folder, parts.enter_context(MailServer()))
        env = _environment(house) | {
            "DATABASE_URL": parts.enter_context(fresh_postgres()),
            "REDIS_URL": redis_url,
        }
        house.env = env
        for words in (("db", "upgrade"), ("seed", "demo")):
            subprocess.run(  # noqa: S603 - our own commands
                [BIN / "flask", *words], env=env, cwd=ROOT, check=True
            )
        parts.callback(house.end)
        house.run("web", *_gunicorn(house.port), env=env)
        house.run("worker", "worker.py", env=env)
        house.run("mailroom", "-m", "flask", "mailroom", env=env)
        wait_until(house.is_healthy, PATIENCE)
        yield house


@contextmanager
def embedded(folder: Path) -> Iterator[House]:
    """As on a machine with only Python: what `bin/demo` starts, SQLite and the queue
    of the wheel (no other server is on this PATH)."""
    with MailServer() as mail:
        house = House(folder, mail)
        env = _environment(house) | {
            "PORT": str(house.port),
            "DEMO_DIR": str(folder / "demo"),
            "PATH": str(BIN),
        }
        for name in ("REDIS_URL", "TEST_REDIS_URL", "TEST_POSTGRES_URL"):
            env.pop(name, None)
        try:
            house.run("demo", "bin/_demo.py", env=env)
            wait_until(lambda: "Guichet est prêt" in house.log("demo"), PATIENCE)
            yield house
        finally:
            house.end()


def _environment(house: House) -> dict[str, str]:
    return dict(os.environ) | {
        "GUICHET_ENV": "test",
        "SECRET_KEY": "for tests only",
        "STORAGE_URL": (house.folder / "files").as_uri(),
        "PLATFORM_DOMAIN": "localhost",
        "MAIL_DOMAIN": "guichet.example",
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": str(house.mail.port),
        "INBOUND_PORT": str(house.inbound_port),
        "DNS_SERVERS": "none",
        "TICK_MINUTES": "1",
        "MAX_UPLOAD_MB": "2",
        "FLASK_APP": "app",
    }


def _gunicorn(port: int) -> list[str]:
    return [
        *("-m", "gunicorn", "--no-control-socket", "--graceful-timeout", "2"),
        *("--worker-class", "gthread", "--workers", "1", "--threads", "8"),
        *("--bind", f"127.0.0.1:{port}", "app:create_app()"),
    ]
