"""The way to the mail server: one session, driven command by command.

smtplib's commands are given one by one, because the moment before the final dot must
be ours: until then nothing was sent, after it nobody knows until the answer is
recorded.
"""

import smtplib
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from flask import current_app

from app.delivery import wire
from app.delivery.answers import (
    NO_OPTIONS,
    NoServer,
    Options,
    Reply,
    Stopped,
    Unanswered,
    Unsent,
)
from app.mailserver import Patient, Server

FINAL_DOT_PATIENCE = 10  # times the patience for any other command
MOST_MESSAGES = 100
MOST_SECONDS = 300


class Session:
    """A line to the server, opened when needed and renewed when old or in doubt."""

    def __init__(self) -> None:
        self.host: smtplib.SMTP | None = None
        self.sent = 0
        self.cuts = 0  # lines that were cut, one message after the other
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
        options: Options = NO_OPTIONS,
    ) -> Reply:
        """Send one message; gives the answer to the final dot, good or bad.

        `before_dot` is asked when all but the dot is sent; False takes all back
        (Stopped). Raises NoServer, Unsent, Unanswered; anything the pieces raise
        comes through, and nothing was sent then.
        """
        try:
            host = self._begin(sender, size, options.mail)
            asked = wire.reporting(host, options.rcpt)
            wire.ask(host, "rcpt", lambda: host.rcpt(recipient, asked))
            wire.ask(host, "data", lambda: host.docmd("DATA"), wanted=354)
            wire.stream(host, pieces)
            wire.listen(host, "body")
            if not before_dot():
                raise Stopped
            wire.listen(host, "dot")
        except Unsent as refusal:
            self.cuts = self.cuts + 1 if refusal.line_is_cut else 0
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
            self.host = _open()
            self.sent, self.opened_at = 0, time.monotonic()
        return self.host

    def _begin(
        self, sender: str, size: int, options: Sequence[str] = ()
    ) -> smtplib.SMTP:
        """MAIL; once more on a new line when the server had hung up meanwhile."""
        host = self._ready()
        is_reused = self.sent > 0
        try:
            wire.mail(host, sender, size, options)
        except Unsent as refusal:
            if not is_reused or refusal.reply.code != 0:
                raise
            self.drop()
            host = self._ready()
            wire.mail(host, sender, size, options)
        self.sent += 1
        return host

    def _dot(self, host: smtplib.SMTP) -> Reply:
        """An answer that is none (or no answer) leaves the doubt."""
        patience = float(current_app.config["MAIL_TIMEOUT"])
        try:
            if isinstance(host, Patient):
                host.patience = patience * FINAL_DOT_PATIENCE
            host.send(b".\r\n")
            code, text = host.getreply()
            if isinstance(host, Patient):
                host.patience = patience
        except (smtplib.SMTPException, OSError) as error:
            self.cuts += 1
            self.drop()
            raise Unanswered(wire.named(error)) from error
        except BaseException:
            self.drop()
            raise
        reply = Reply("dot", code, wire.readable(text))
        if not (reply.is_positive or 400 <= code < 600):
            self.drop()
            raise Unanswered(f"{code} {reply.text}")
        self.cuts = 0
        if code == 421:
            self.drop()
        return reply

    def _recover(self, *, line_is_good: bool) -> None:
        """Make the line ready for the next message, or give it up."""
        if not line_is_good or self.host is None:
            self.drop()
            return
        try:
            if self.host.rset()[0] != 250:
                self.drop()
        except (smtplib.SMTPException, OSError):
            self.drop()


def _open() -> smtplib.SMTP:
    try:
        return Server(current_app.extensions["mail"]).configure_host()
    except smtplib.SMTPResponseException as error:
        raise NoServer(wire.readable(error.smtp_error), error.smtp_code) from error
    except (smtplib.SMTPException, OSError) as error:
        raise NoServer(wire.named(error)) from error
