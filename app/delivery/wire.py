"""One command, one piece, one look at the line: each fault told by its phase.

Whatever these raise (`Unsent`) happened before the final dot.
"""

import select
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from app.delivery.answers import Reply, Unsent


def mail(host: smtplib.SMTP, sender: str, size: int, more: Sequence[str] = ()) -> None:
    options = [f"SIZE={size}"] if host.has_extn("size") else []
    ask(host, "mail", lambda: host.mail(sender, [*options, *reporting(host, more)]))


def reporting(host: smtplib.SMTP, options: Sequence[str]) -> list[str]:
    """Only where the server knows them (RFC 3461)."""
    return list(options) if host.has_extn("dsn") else []


def ask(
    host: smtplib.SMTP,
    phase: str,
    command: Callable[[], tuple[int, bytes]],
    wanted: int | None = None,
) -> None:
    try:
        code, text = command()
    except (smtplib.SMTPException, OSError) as error:
        raise Unsent(Reply(phase, 0, named(error)), line_is_cut=True) from error
    reply = Reply(phase, code, readable(text))
    if code != wanted if wanted else not reply.is_positive:
        raise Unsent(reply)


def stream(host: smtplib.SMTP, pieces: Iterable[bytes]) -> None:
    """Pieces of whole lines; a line that begins with a dot gets another one."""
    for piece in pieces:
        if b"." in piece:  # base64 has none
            piece = _stuffed(piece)
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
