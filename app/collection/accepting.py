"""A message is kept as it came, and a row says that it waits: then it may be answered.

Nothing of it is read here but its Message-ID. A job reads what is kept, each in its
turn: an address that is written to ten thousand times keeps nobody else waiting.
"""

import hashlib
import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.exc import IntegrityError

from app.collection import jobs, limits, unzipping
from app.collection.models import CollectionAddress, InboundMail
from app.db import database_now, db, new_id
from app.library.receiving import store
from app.mailroom import decoding
from app.mailroom.parts import headers_of
from app.mailroom.reading import message_id_of
from app.mailroom.unwritten import given_back_on_error
from app.queueing import enqueue
from app.storage import Stored

# Each message to an address stands so long behind the one before it, wherever others
# wait too.
APART = timedelta(seconds=1)
# Further ahead than that there are jobs enough that will come to it.
FLOOD = timedelta(seconds=5)
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True)
class Envelope:
    """How the message came: nothing of it is taken from its headers."""

    door: str
    sender: str = ""
    client_ip: str = ""
    helo: str = ""
    provider_id: str | None = None


@dataclass(frozen=True)
class Accepted:
    mail_id: uuid.UUID
    is_new: bool


def accept(
    raw: bytes,
    envelope: Envelope,
    recipient: str,
    to: CollectionAddress | None,
    firm_id: uuid.UUID | None = None,
) -> Accepted:
    """Keep it and commit. The same message for the same address is one, also when the
    relay wrote other headers over it. `to`: None for an address that is nobody's, of
    that firm where the domain tells.

    Raises NotNow, StorageUnavailable or a database error when it cannot be kept now.
    """
    body = _BLANK_LINE.split(raw, maxsplit=1)
    mail = _row(raw, envelope, recipient, to, firm_id)
    mail.body_sha256 = hashlib.sha256(body[1] if body[1:] else b"").hexdigest()
    if before := _known(mail):
        return before
    limits.check(mail.recipient, is_stray=to is None, client_ip=mail.client_ip)
    db.session.commit()  # no transaction while the store is spoken to
    return _keep(mail, raw)


def tell_of(
    headers: bytes,
    size: int,
    envelope: Envelope,
    recipient: str,
    to: CollectionAddress | None,
    firm_id: uuid.UUID | None = None,
) -> Accepted:
    """One that is too big to be taken stays where it is: a person learns of it."""
    mail = _row(headers, envelope, recipient, to, firm_id)
    mail.size, mail.reason = size, "oversize"
    return _known(mail) or _write_down(mail)


def _row(
    raw: bytes,
    envelope: Envelope,
    recipient: str,
    to: CollectionAddress | None,
    firm_id: uuid.UUID | None,
) -> InboundMail:
    return InboundMail(
        id=new_id(),
        firm_id=to.firm_id if to else firm_id,
        company_id=to.company_id if to else None,
        address_id=to.id if to else None,
        door=envelope.door,
        provider_id=envelope.provider_id,
        recipient=decoding.line(recipient).lower()[:320],
        sender=decoding.line(envelope.sender)[:320],
        client_ip=envelope.client_ip[:45],
        helo=decoding.line(envelope.helo)[:255],
        message_id=message_id_of(headers_of(raw))[:500],
        is_unzipped=unzipping.is_wanted(to.firm_id if to else firm_id),
        sha256=hashlib.sha256(raw).hexdigest(),
        body_sha256=hashlib.sha256(b"").hexdigest(),
        size=len(raw),
    )


def _keep(mail: InboundMail, raw: bytes) -> Accepted:
    """Store, then write down."""
    with store().writer() as writer:
        writer.write(raw)
        stored = writer.finish()
    mail.storage_key = stored.key
    return _write_down(mail, stored)


def _write_down(mail: InboundMail, stored: Stored | None = None) -> Accepted:
    """Commits. Another one may have been quicker."""
    try:
        with given_back_on_error(stored):
            mail.turn_at, is_flood = _turn(mail.recipient)
            db.session.add(mail)
            db.session.flush()
    except IntegrityError:
        if before := _known(mail):
            return before
        raise
    if not is_flood:
        enqueue(jobs.read_waiting)  # short, and somebody may be waiting for the paper
    # From here on the row may be there whatever is answered: its bytes stay.
    db.session.commit()
    return Accepted(mail.id, is_new=True)


def _turn(recipient: str) -> tuple[datetime, bool]:
    now = database_now()
    last = db.session.scalar(
        select(func.max(InboundMail.turn_at))
        .where(InboundMail.recipient == recipient, InboundMail.state == "waiting")
        .execution_options(across_firms=True)
    )
    turn = max(now, last + APART) if last else now
    return turn, turn > now + FLOOD


def _known(mail: InboundMail) -> Accepted | None:
    same: list[ColumnElement[bool]] = [InboundMail.sha256 == mail.sha256]
    if mail.message_id:
        same.append(
            and_(
                InboundMail.message_id == mail.message_id,
                InboundMail.body_sha256 == mail.body_sha256,
            )
        )
    if mail.provider_id:
        same.append(
            and_(
                InboundMail.door == mail.door,
                InboundMail.provider_id == mail.provider_id,
            )
        )
    found = db.session.scalar(
        select(InboundMail.id)
        .where(InboundMail.recipient == mail.recipient, or_(*same))
        .execution_options(across_firms=True)
    )
    db.session.commit()
    return Accepted(found, is_new=False) if found else None
