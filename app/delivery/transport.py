"""The way to the mail server: one session, driven command by command.

Flask-Mail gives the settings and the connection; the transfer itself is smtplib's
commands one by one, because the moment before the final dot must be ours: until then
nothing was sent, after it nobody knows until the answer is recorded.
"""

import smtplib
import ssl
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from flask import current_app
from flask_mail import Connection as MailConnection


FINAL_DOT_PATIENCE = 10  # times the patience for any other command
MOST_MESSAGES = 100
MOST_SECONDS = 300


@dataclass(frozen=True)
class Reply:
    """What the server said. `phase`: connect, mail, rcpt, data, body or dot."""

    phase: str
    code: int
    text: str

    @property
    def is_positive(self) -> bool:
        return 200 <= self.code < 300

    @property
    def enhanced(self) -> str:
        """The status code of RFC 3463 («5.1.1») when there is one."""
        first = self.text.split(" ", 1)[0]
        parts = first.split(".")
        known = len(parts) == 3 and all(part.isdecimal() for part in parts)
        return first if known else ""


class NoServer(Exception):
    """No session can be had: not this message's fault. Nothing was sent."""

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class Unsent(Exception):
    """Refused, or the line cut, before the final dot: nothing was sent."""

    def __init__(self, reply: Reply, *, line_is_cut: bool = False) -> None:
        super().__init__(reply.text)
        self.reply = reply
        self.line_is_cut = line_is_cut


class Unanswered(Exception):
    """The final dot left and no answer came: it may or may not have been taken."""


class Stopped(Exception):
    """The caller said no at the last moment: the dot was not sent."""


class Server(MailConnection):
    """Flask-Mail's connection with what it lacks: time-outs and verified TLS."""

    def configure_host(self) -> smtplib.SMTP:
        patience = float(current_app.config["MAIL_TIMEOUT"])
        settings = self.mail
        where = (settings.server, settings.port)
        if settings.use_ssl:
            host: smtplib.SMTP = smtplib.SMTP_SSL(
                *where, timeout=patience, context=ssl.create_default_context()
            )
        else:
            host = smtplib.SMTP(*where, timeout=patience)
        if settings.use_tls:
            code, text = host.starttls(context=ssl.create_default_context())
            if code != 220:
                raise smtplib.SMTPException(f"STARTTLS refused: {code} {text!r}")
        if settings.username and settings.password:
            host.login(settings.username, settings.password)
        else:
            host.ehlo_or_helo_if_needed()
        return host


class Session:
    """A line to the server, opened when needed and renewed when old or in doubt."""

    def __init__(self) -> None:
        self.host: smtplib.SMTP | None = None
        self.sent = 0
        self.opened_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.end()

    def largest_message(self) -> int | None:
        """The server's SIZE (RFC 1870) in bytes, or None when it sets none."""
        size = self._ready().esmtp_features.get("size", "")
        return int(size) if size.isdecimal() and int(size) > 0 else None

    def send(
        self,
        sender: str,
        recipient: str,
        size: int,
        pieces: Iterable[bytes],
        before_dot: Callable[[], bool],
    ) -> Reply:
        """Send one message; gives the answer to the final dot, good or bad.

        `before_dot` is asked when all but the dot is sent; False takes all back
        (Stopped). Raises NoServer, Unsent, Unanswered; anything the pieces raise
        comes through, and nothing was sent then.
        """
        host = self._ready()
        self.sent += 1
        try:
            self._envelope(host, sender, recipient, size)
            self._stream(host, pieces)
            if not before_dot():
                raise Stopped
        except Unsent as refusal:
            self._recover(line_is_good=not refusal.line_is_cut)
            raise
        except BaseException:
            self.drop()  # in the middle of DATA only a cut line takes it back
            raise
        return self._dot(host)

    def end(self) -> None:
        """Say goodbye; whatever is answered changes nothing any more."""
        if self.host is not None:
            with suppress(smtplib.SMTPException, OSError):
                self.host.quit()
            self.drop()

    def drop(self) -> None:
        if self.host is not None:
            self.host.close()
            self.host = None

    def _ready(self) -> smtplib.SMTP:
        is_old = time.monotonic() - self.opened_at > MOST_SECONDS
        if self.host is not None and (is_old or self.sent >= MOST_MESSAGES):
            self.end()
        if self.host is None:
            self.host = self._open()
            self.sent, self.opened_at = 0, time.monotonic()
        return self.host

    def _open(self) -> smtplib.SMTP:
        try:
            return Server(current_app.extensions["mail"]).configure_host()
        except smtplib.SMTPAuthenticationError as error:
            raise NoServer(_readable(error.smtp_error), error.smtp_code) from error
        except smtplib.SMTPResponseException as error:
            raise NoServer(_readable(error.smtp_error), error.smtp_code) from error
        except (smtplib.SMTPException, OSError) as error:
            raise NoServer(f"{type(error).__name__}: {error}") from error

    def _envelope(
        self, host: smtplib.SMTP, sender: str, recipient: str, size: int
    ) -> None:
        options = [f"SIZE={size}"] if host.has_extn("size") else []
        self._ask("mail", lambda: host.mail(sender, options))
        self._ask("rcpt", lambda: host.rcpt(recipient))
        self._ask("data", lambda: host.docmd("DATA"), wanted=354)

    def _ask(
        self,
        phase: str,
        command: Callable[[], tuple[int, bytes]],
        wanted: int | None = None,
    ) -> None:
        try:
            code, text = command()
        except (smtplib.SMTPException, OSError) as error:
            reply = Reply(phase, 0, f"{type(error).__name__}: {error}")
            raise Unsent(reply, line_is_cut=True) from error
        reply = Reply(phase, code, _readable(text))
        if code == 421:
            raise Unsent(reply, line_is_cut=True)
        if code != wanted if wanted else not reply.is_positive:
            raise Unsent(reply)

    def _stream(self, host: smtplib.SMTP, pieces: Iterable[bytes]) -> None:
        """All lines are ours and short, and none begins with a dot."""
        for piece in pieces:
            try:
                host.send(piece)
            except (smtplib.SMTPException, OSError) as error:
                reply = Reply("body", 0, f"{type(error).__name__}: {error}")
                raise Unsent(reply, line_is_cut=True) from error

    def _dot(self, host: smtplib.SMTP) -> Reply:
        patience = float(current_app.config["MAIL_TIMEOUT"])
        try:
            if host.sock is not None:
                host.sock.settimeout(patience * FINAL_DOT_PATIENCE)
            host.send(b".\r\n")
            code, text = host.getreply()
            if host.sock is not None:
                host.sock.settimeout(patience)
        except (smtplib.SMTPException, OSError) as error:
            self.drop()
            raise Unanswered(f"{type(error).__name__}: {error}") from error
        if code in {-1, 421}:
            self.drop()
        return Reply("dot", code, _readable(text))

    def _recover(self, *, line_is_good: bool) -> None:
        """Make the line ready for the next message, or give it up."""
        if not line_is_good or self.host is None:
            self.drop()
            return
        try:
            self.host.rset()
        except (smtplib.SMTPException, OSError):
            self.drop()


def _readable(text: bytes | str) -> str:
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return " ".join(shown.split())[:1000]
