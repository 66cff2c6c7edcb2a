"""The door for SMTP and LMTP: a domain that is not ours is refused at once, all else
is said «250» to only when it is kept. It stands behind a mail server or on loopback,
for it speaks no TLS itself.

aiosmtpd ends a message at CR LF . CR LF alone (from 1.4.6 on), so no second message
can be smuggled behind a bare line feed.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask

from app.collection.accepting import Envelope as Came
from app.collection.limits import NotNow
from app.db import db
from app.mailroom.entrance import may_come_now, take_in, whose
from app.mailroom.line import TOO_BIG, Connection, LmtpConnection
from app.mailroom.receiving import UnknownRecipient

log = logging.getLogger(__name__)
MOST_RECIPIENTS = 100  # RFC 5321, 4.5.3.1.8
THREADS = 4
PATIENCE = 300  # seconds for a command (RFC 5321, 4.5.3.2)
TAKEN = "250 2.0.0 Kept"
LATER = "451 4.3.0 Not possible just now, please try again"
TOO_MUCH = "451 4.7.1 Too much at once, please try again later"
NOBODY = "550 5.1.1 No such mailbox here"
TOO_MANY = "452 4.5.3 Too many recipients"


class Door:
    """What is done at each step; the database is asked in threads of their own."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.protocol: str = app.config["INBOUND_PROTOCOL"]
        self.most_bytes: int = app.config["MAX_MAIL_MB"] * 1_000_000
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="mailroom")
        self.connections = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self,
        _server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return TOO_MANY
        answer = await self._in_thread(
            self.answer_to, address, self._client_ip(session)
        )
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        raw = envelope.original_content or b""
        if len(raw) > self.most_bytes:
            return TOO_BIG.format(most=self.most_bytes)
        came = Came(
            door=self.protocol,
            sender=envelope.mail_from or "",
            client_ip=self._client_ip(session),
            helo=session.host_name or "" if self.protocol == "smtp" else "",
        )
        given = (raw, came, envelope.rcpt_tos)
        if self.protocol == "smtp":
            return await self._in_thread(self.take, *given)
        return await self._in_thread(self.take_for_each, *given)

    def _client_ip(self, session: Session) -> str:
        """By LMTP only our own mail server speaks to us."""
        peer: Any = session.peer
        return str(peer[0]) if peer and self.protocol == "smtp" else ""

    async def handle_exception(self, error: Exception) -> str:
        log.error("a fault at the door", exc_info=error)
        return LATER

    async def _in_thread(self, act: Any, *given: Any) -> str:
        loop = asyncio.get_running_loop()
        answer: str = await loop.run_in_executor(self.threads, act, *given)
        return answer

    def answer_to(self, address: str, client_ip: str) -> str:
        try:
            with self.app.app_context():
                found = whose(_clean(address))
                db.session.commit()  # an address may have got its row
                if found is None:
                    return NOBODY
                may_come_now(found, _clean(address), client_ip)
                return "250 2.1.5 Ok"
        except NotNow as beyond:
            log.warning("put off: %s", beyond)
            return TOO_MUCH
        except Exception:
            log.exception("cannot tell whose address it is")
            return LATER

    def take(self, raw: bytes, came: Came, recipients: Sequence[str]) -> str:
        """Whatever goes wrong, the other side keeps the message and comes again."""
        try:
            with self.app.app_context():
                for taken in take_in(raw, came, [_clean(r) for r in recipients]):
                    log.info("mail %s, kind %s", taken.mail_id, taken.kind)
        except UnknownRecipient:
            return LATER  # it went away since RCPT, which will say so
        except NotNow as beyond:
            log.warning("put off: %s", beyond)
            return TOO_MUCH
        except Exception:
            log.exception("a message could not be kept")
            return LATER
        return TAKEN

    def take_for_each(self, raw: bytes, came: Came, recipients: Sequence[str]) -> str:
        """An answer for each of them, in their order: one may be kept, another not."""
        return "\r\n".join(self.take(raw, came, [one]) for one in recipients)


def _clean(address: str) -> str:
    """Without bytes that no address has, and that no database takes."""
    return address.encode("ascii", "replace").decode().replace("\x00", "?")


class Post(Controller):
    def factory(self) -> SMTP:
        kinds = {"smtp": Connection, "lmtp": LmtpConnection}
        return kinds[self.handler.protocol](self.handler, **self.SMTP_kwargs)


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
        data_size_limit=door.most_bytes,
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
