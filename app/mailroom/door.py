"""The SMTP door: a domain that is not ours is refused at once, all else is said «250»
to only when it is kept. It stands behind a mail server or on loopback, for it speaks no
TLS itself.

aiosmtpd ends a message at CR LF . CR LF alone (from 1.4.6 on), so no second message
can be smuggled behind a bare line feed.
"""

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask

from app.collection.accepting import Envelope as Came
from app.db import db
from app.mailroom.entrance import take_in, whose
from app.mailroom.receiving import UnknownRecipient

log = logging.getLogger(__name__)
MOST_RECIPIENTS = 100  # RFC 5321, 4.5.3.1.8
MOST_CONNECTIONS = 20
MOST_LINES = 1_000_000  # of one message: 40 MB in base64 have half of it
THREADS = 4
PATIENCE = 300  # seconds for a command (RFC 5321, 4.5.3.2)
TAKEN = "250 2.0.0 Kept"
LATER = "451 4.3.0 Not possible just now, please try again"
NOBODY = "550 5.1.1 No such mailbox here"
TOO_MANY = "452 4.5.3 Too many recipients"


class Door:
    """What is done at each step; the database is asked in threads of their own."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="mailroom")
        self.connections = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return TOO_MANY
        answer = await self._in_thread(self.answer_to, address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        came = Came(
            door="smtp",
            sender=envelope.mail_from or "",
            client_ip=str(session.peer[0]) if session.peer else "",
            helo=session.host_name or "",
        )
        return await self._in_thread(
            self.take, envelope.content, came, envelope.rcpt_tos
        )

    async def handle_exception(self, error: Exception) -> str:
        log.error("a fault at the door", exc_info=error)
        return LATER

    async def _in_thread(self, act: Any, *given: Any) -> str:
        loop = asyncio.get_running_loop()
        answer: str = await loop.run_in_executor(self.threads, act, *given)
        return answer

    def answer_to(self, address: str) -> str:
        try:
            with self.app.app_context():
                found = whose(_clean(address))
                db.session.commit()  # an address may have got its row
                return "250 2.1.5 Ok" if found else NOBODY
        except Exception:
            log.exception("cannot tell whose address it is")
            return LATER

    def take(self, raw: bytes, came: Came, recipients: list[str]) -> str:
        """Whatever goes wrong, the other side keeps the message and comes again."""
        try:
            with self.app.app_context():
                for taken in take_in(raw, came, [_clean(r) for r in recipients]):
                    log.info("mail %s, kind %s", taken.mail_id, taken.kind)
        except UnknownRecipient:
            return NOBODY  # it went away since RCPT
        except Exception:
            log.exception("a message could not be kept")
            return LATER
        return TAKEN


def _clean(address: str) -> str:
    """Without bytes that no address has, and that no database takes."""
    return address.encode("ascii", "replace").decode().replace("\x00", "?")


class Connection(SMTP):
    """One connection; those beyond the most there may be are sent away."""

    # Mails with lines too long are common, and their loss would be ours.
    line_length_limit = 1_000_000
    is_counted = False
    received_for: Envelope | None = None
    bytes_received = lines_received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        door: Door = self.event_handler
        if door.connections >= MOST_CONNECTIONS and isinstance(
            transport, asyncio.Transport
        ):
            transport.write(b"421 4.7.0 Too many connections, try again\r\n")
            transport.close()
        else:
            door.connections += 1
            self.is_counted = True
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """aiosmtpd keeps every line apart, and one without an end for ever: what goes
        far beyond any message is cut off."""
        if self.received_for is not self.envelope:
            self.received_for = self.envelope
            self.bytes_received = self.lines_received = 0
        self.bytes_received += len(data)
        self.lines_received += data.count(b"\n")
        most = 2 * (self.data_size_limit or 0) + self.line_length_limit
        is_too_much = self.bytes_received > most or self.lines_received > MOST_LINES
        if is_too_much and isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
        else:
            super().data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        if self.is_counted:
            self.event_handler.connections -= 1
            self.is_counted = False
        super().connection_lost(error)


class Post(Controller):
    def factory(self) -> SMTP:
        return Connection(self.handler, **self.SMTP_kwargs)


@contextmanager
def opened(app: Flask, host: str, port: int) -> Iterator[Post]:
    """Listen while the context lasts; a message under way is finished at its end."""
    # At DEBUG it would write every line of every mail.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    door = Door(app)
    post = Post(
        door,
        hostname=host,
        port=port,
        data_size_limit=app.config["MAX_MAIL_MB"] * 1_000_000,
        ident="Guichet",
        server_hostname=app.config["MAIL_DOMAIN"],
        timeout=PATIENCE,
    )
    post.start()
    try:
        yield post
    finally:
        post.stop()
        door.threads.shutdown(wait=True)
