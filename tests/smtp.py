"""A mail server for the tests, which fails where it is told to.

It writes a message down at the moment it takes responsibility for it, before it says
so: what is in `messages` has arrived, whatever the sender came to know.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import pytest

from tests.received import Received

__all__ = ["PHASES", "Fault", "MailServer", "Received", "both_ways", "smtp"]
PHASES = ("connect", "ehlo", "starttls", "mail", "rcpt", "data", "body", "dot", "ack")


@dataclass
class Fault:
    """What to do at a phase, `times` times, once it was passed `after` times.

    Phases: connect, ehlo, starttls, mail, rcpt, data, body (in the middle of it), dot
    (before the message is taken), ack (taken, not yet said), rset, quit.
    """

    phase: str
    reply: str = ""  # "451 4.7.1 Greylisted"; a 421 also hangs up
    cut: bool = False
    wait: float = 0.0
    drip: bool = False  # byte after byte, for ever
    call: Callable[[], object] | None = None
    times: int = 1
    after: int = 0


class HungUp(Exception):
    """The line ends here."""


@dataclass
class MailServer:
    """Listens on a port of its own of the loopback interface; `with` ends it."""

    size: int | None = 50_000_000
    tls: ssl.SSLContext | None = None
    auth: bool = False  # RFC 4954: whoever comes is let in; in clear too
    dsn: bool = False  # RFC 3461
    pipelining: bool = True  # RFC 2920
    # Says 354 to DATA even when no recipient was taken.
    is_credulous: bool = False
    # Else of each message only the beginning: it takes no memory.
    keeps: bool = True
    faults: list[Fault] = field(default_factory=list)
    messages: list[Received] = field(default_factory=list)
    # Recipients that it does not know, and what it says to them.
    unknown: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    in_clear: list[str] = field(default_factory=list)  # those that anybody can read
    connections: int = 0

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.lines: set[socket.socket] = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self.listener.getsockname()[1]
        self.is_over = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.is_over = True
        for line in (self.listener, *self.lines):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def fails(self, phase: str, reply: str = "", **how: object) -> Fault:
        """Fail there once (or `times`): with a reply, or else by hanging up."""
        if not (reply or how.keys() & {"wait", "call", "drip"}):
            how["cut"] = True
        fault = Fault(phase, reply, **how)  # type: ignore[arg-type]
        self.faults.append(fault)
        return fault

    def ids(self) -> list[str]:
        return [message.message_id for message in self.messages]

    def due(self, phase: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.phase != phase or fault.times == 0:
                    continue
                if fault.after > 0:
                    fault.after -= 1
                else:
                    fault.times -= 1
                    return fault
        return None

    def _listen(self) -> None:
        while not self.is_over:
            try:
                line, _address = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.lines.add(line)
            threading.Thread(target=Talk(self, line).run, daemon=True).start()


class Talk:
    """One connection, from the greeting to its end."""

    def __init__(self, server: MailServer, line: socket.socket) -> None:
        self.server = server
        self.line = line
        self.unread = b""  # the beginning of a line
        self.lines: deque[bytes] = deque()
        self.sender = self.recipient = self.options = ""
        self.is_begun = False  # by a sender, who may be nobody

    def run(self) -> None:
        with contextlib.suppress(HungUp, OSError, ValueError):
            if not self._fails("connect"):
                self._say("220 sink.test ESMTP")
            while True:
                words = self._read_line().decode("utf-8", "replace").strip()
                self.server.commands.append(words)
                if not isinstance(self.line, ssl.SSLSocket):
                    self.server.in_clear.append(words)
                self._obey(words)
        with contextlib.suppress(OSError):
            self.line.shutdown(socket.SHUT_RDWR)
        self.line.close()

    def _obey(self, words: str) -> None:
        verb = words[:4].upper()
        phase = {"EHLO": "ehlo", "HELO": "ehlo", "STAR": "starttls"}.get(verb)
        if self._is_out_of_turn(verb) or self._fails(phase or verb.lower()):
            return
        if verb == "EHLO":
            self._greet()
        elif verb == "STAR":
            self._start_tls()
        elif verb == "MAIL":
            self.sender, self.options = _address(words)
            self.is_begun = True
            self._say("250 2.1.0 Ok")
        elif verb == "RCPT":
            self._take_recipient(_address(words)[0])
        elif verb == "DATA":
            self._take()
        elif verb == "QUIT":
            self._say("221 2.0.0 Bye")
            raise HungUp
        else:
            self._begin_anew()
            self._say("235 2.7.0 Welcome" if verb == "AUTH" else "250 2.0.0 Ok")

    def _begin_anew(self) -> None:
        self.sender = self.recipient = ""
        self.is_begun = False

    def _take_recipient(self, address: str) -> None:
        refusal = self.server.unknown.get(address)
        self.recipient = "" if refusal else address
        self._say(refusal or "250 2.1.5 Ok")

    def _is_out_of_turn(self, verb: str) -> bool:
        """After a refused MAIL or RCPT, what was sent with it is refused too."""
        if verb == "MAIL":
            self._begin_anew()
        needed = {"RCPT": self.is_begun, "DATA": bool(self.recipient)}
        if self.server.is_credulous or needed.get(verb, True):
            return False
        self._say("503 5.5.1 Not now")
        return True

    def _greet(self) -> None:
        offers = ["sink.test"]
        if self.server.pipelining:
            offers.append("PIPELINING")
        if self.server.size is not None:
            offers.append(f"SIZE {self.server.size}")
        if self.server.auth:
            offers.append("AUTH PLAIN")
        if self.server.dsn:
            offers.append("DSN")
        if self.server.tls and not isinstance(self.line, ssl.SSLSocket):
            offers.append("STARTTLS")
        for offer in offers[:-1]:
            self._say(f"250-{offer}")
        self._say(f"250 {offers[-1]}")

    def _start_tls(self) -> None:
        if self.server.tls is None:
            self._say("454 4.7.0 TLS not available")
            return
        self._say("220 2.0.0 Ready")
        self.line = self.server.tls.wrap_socket(self.line, server_side=True)
        self.unread = b""
        self.lines.clear()

    def _take(self) -> None:
        self._say("354 Go ahead")
        lines: list[bytes] = []
        while (line := self._read_line()) != b".\r\n":
            if self.server.keeps or len(lines) < 40:
                lines.append(line[1:] if line.startswith(b".") else line)
            if len(lines) == 12 and self._fails("body"):
                return
        if self._fails("dot"):
            return
        received = Received(self.sender, self.recipient, self.options, b"".join(lines))
        with self.server.lock:
            self.server.messages.append(received)
            number = len(self.server.messages)
        self._begin_anew()
        if not self._fails("ack"):
            self._say(f"250 2.0.0 Ok: queued as TEST{number:06d}")

    def _fails(self, phase: str) -> bool:
        fault = self.server.due(phase)
        if fault is None:
            return False
        time.sleep(fault.wait)
        if fault.call:
            fault.call()
        while fault.drip:
            self.line.sendall(b"2")
            time.sleep(0.2)
        if fault.reply:
            self._say(fault.reply)
        if fault.cut or fault.reply.startswith("421"):
            raise HungUp
        return bool(fault.reply)

    def _say(self, words: str) -> None:
        self.line.sendall(words.encode() + b"\r\n")

    def _read_line(self) -> bytes:
        while not self.lines:
            got = self.line.recv(65536)
            if not got:
                raise HungUp
            *whole, self.unread = (self.unread + got).split(b"\n")
            self.lines.extend(whole)
        return self.lines.popleft() + b"\n"


def _address(words: str) -> tuple[str, str]:
    address, _bracket, options = words.partition("<")[2].partition(">")
    return address, options.strip()


@pytest.fixture
def smtp(request: pytest.FixtureRequest) -> Iterator[MailServer]:
    """One that knows PIPELINING; a test that names `both_ways` also has it without."""
    with MailServer(pipelining=getattr(request, "param", True)) as server:
        yield server


both_ways = pytest.mark.parametrize(
    "smtp", [True, False], indirect=True, ids=["pipelined", "one by one"]
)
