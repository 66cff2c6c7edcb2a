"""One command, one piece, one look at the line: each fault told by its phase.

Whatever these raise (`Unsent`) happened before the final dot.
"""

import select
import smtplib
import socket
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache

from app.delivery.answers import NO_OPTIONS, Options, Reply, Unsent

A_WRITE = 65536
_quoted = lru_cache(maxsize=256)(smtplib.quoteaddr)


def reporting(host: smtplib.SMTP, options: Sequence[str]) -> list[str]:
    """Only where the server knows them (RFC 3461)."""
    return list(options) if host.has_extn("dsn") else []


def begin(
    host: smtplib.SMTP,
    sender: str,
    recipient: str,
    size: int,
    options: Options = NO_OPTIONS,
) -> None:
    """MAIL, RCPT and DATA, up to the 354; each refusal told by its own phase.

    In one write where the server knows PIPELINING (RFC 2920): three waits less.
    """
    sizes = [f"SIZE={size}"] if host.has_extn("size") else []
    said = [*sizes, *reporting(host, options.mail)]
    asked = reporting(host, options.rcpt)
    commands = {
        "mail": " ".join([f"MAIL FROM:{_quoted(sender)}", *said]),
        "rcpt": " ".join([f"RCPT TO:{_quoted(recipient)}", *asked]),
        "data": "DATA",
    }
    if not host.has_extn("pipelining"):
        for phase, command in commands.items():
            _ask(host, phase, command)
        return
    _say(host, "mail", *commands.values())
    for phase in commands:
        try:
            _hear(host, phase)
        except Unsent as refusal:
            _hear_out(host, phase, refusal)
            raise


def _ask(host: smtplib.SMTP, phase: str, command: str) -> None:
    _say(host, phase, command)
    _hear(host, phase)


def _say(host: smtplib.SMTP, phase: str, *commands: str) -> None:
    if any("\r" in command or "\n" in command for command in commands):
        raise ValueError("a command is one line")
    lines = "".join(f"{command}\r\n" for command in commands)
    try:
        host.send(lines.encode("ascii"))
    except (smtplib.SMTPException, OSError) as error:
        raise Unsent(Reply(phase, 0, named(error)), line_is_cut=True) from error


def _hear(host: smtplib.SMTP, phase: str) -> None:
    try:
        code, text = host.getreply()
    except (smtplib.SMTPException, OSError) as error:
        raise Unsent(Reply(phase, 0, named(error)), line_is_cut=True) from error
    reply = Reply(phase, code, readable(text))
    if code != 354 if phase == "data" else not reply.is_positive:
        raise Unsent(reply)


def _hear_out(host: smtplib.SMTP, phase: str, refusal: Unsent) -> None:
    """What was said after the refused command is answered too. A DATA that was taken
    all the same waits for a message: it gets neither a byte nor a dot, but no line."""
    if refusal.line_is_cut or phase == "data":
        return
    try:
        for _later in ("rcpt", "data") if phase == "mail" else ("data",):
            code, _text = host.getreply()
    except (smtplib.SMTPException, OSError):
        host.close()
        return
    if not 400 <= code < 600 or code == 421:
        host.close()


def stream(host: smtplib.SMTP, pieces: Iterable[bytes]) -> None:
    """Pieces of whole lines; a line that begins with a dot gets another one. Small
    pieces leave together."""
    waiting: list[bytes] = []
    length = 0
    for piece in pieces:
        if b"." in piece:  # base64 has none
            piece = _stuffed(piece)
        waiting.append(piece)
        length += len(piece)
        if length >= A_WRITE:
            _write(host, b"".join(waiting))
            waiting, length = [], 0
    if waiting:
        _write(host, b"".join(waiting))


def _write(host: smtplib.SMTP, piece: bytes) -> None:
    try:
        if host.sock is None:
            raise ConnectionError("the line is closed")
        # Not by smtplib, which closes at once: the server may have said why.
        host.sock.sendall(piece)
    except OSError as error:
        reply = _last_words(host) or Reply("body", 0, named(error))
        raise Unsent(reply, line_is_cut=True) from error


def _stuffed(lines: bytes) -> bytes:
    """RFC 5321, 4.5.2."""
    lines = lines.replace(b"\r\n.", b"\r\n..")
    return b"." + lines if lines.startswith(b".") else lines


def _last_words(host: smtplib.SMTP) -> Reply | None:
    """Why the server hung up on us, when it said so."""
    try:
        code, text = host.getreply()
    except (smtplib.SMTPException, OSError):
        return None
    return Reply("body", code, readable(text)) if 400 <= code < 600 else None


def listen(host: smtplib.SMTP, phase: str) -> None:
    """A line that ended, or a server that speaks out of turn, gets no dot any more."""
    if host.sock is None:
        raise Unsent(Reply(phase, 0, "the line is closed"), line_is_cut=True)
    has_more = bool(getattr(host.file, "unread", b""))
    if not has_more and not _is_readable(host.sock):
        return
    if isinstance(host.sock, ssl.SSLSocket) and not has_more:
        # Below TLS: what there is to read may be TLS's own, its end is an end.
        with suppress(OSError):
            if socket.socket.recv(host.sock, 1, socket.MSG_PEEK):
                return
        raise Unsent(Reply(phase, 0, "the line was cut"), line_is_cut=True)
    said = _last_words(host) or Reply(phase, 0, "the line was cut")
    raise Unsent(Reply(phase, said.code, said.text), line_is_cut=True)


def _is_readable(sock: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:1000]


def readable(text: bytes | str) -> str:
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return " ".join(shown.split()).replace("\x00", "")[:1000]
