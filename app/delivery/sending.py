"""Sending one claimed delivery, and writing what came of it.

No transaction is open while the network or the store is spoken to. Whatever goes
wrong before the final dot leaves nothing at the other side.
"""

import logging
import time
from collections.abc import Iterator
from typing import BinaryIO

from flask import current_app
from sqlalchemy import select

from app.connectors import catalogue
from app.connectors.models import Connection, Destination, FolderSwitch
from app.db import db
from app.delivery import message, outcomes
from app.delivery.message import Altered, Letter
from app.delivery.models import Delivery
from app.delivery.outcomes import Try
from app.delivery.transport import (
    NoServer,
    Reply,
    Session,
    Stopped,
    Unanswered,
    Unsent,
)
from app.library.models import Document, Version
from app.storage import Missing, StorageUnavailable

log = logging.getLogger(__name__)
RENEW_SECONDS = 30


class ServerGone(Exception):
    """The mail server is not to be had now: the rest of the run is for later."""


def send(delivery: Delivery, session: Session, owner: str) -> str:
    """Send it; gives the state that it came to. Raises ServerGone."""
    one = Try(delivery, owner)
    job = _prepare(one)
    if isinstance(job, str):
        return job
    letter, storage_key = job
    try:
        return _hand_over(one, letter, storage_key, session)
    except NoServer as gone:
        outcomes.put_back(one, "connect", Reply("connect", gone.code, gone.text))
        raise ServerGone(gone.text) from gone
    except Unsent as refusal:
        return _unsent(one, refusal)
    except Stopped:
        return _stopped(one)
    except Unanswered as doubt:
        outcomes.unanswered(one, str(doubt))
        return "in_doubt"
    except Altered:
        log.exception("the stored bytes of delivery %s were altered", delivery.id)
        return outcomes.failed(one, "body", None, "damaged")
    except (Missing, StorageUnavailable) as error:
        return outcomes.deferred(one, "body", Reply("body", 0, str(error)))


def _hand_over(one: Try, letter: Letter, storage_key: str, session: Session) -> str:
    size = one.delivery.encoded_size
    largest = session.largest_message()
    if largest is not None and size > largest:
        reply = Reply("connect", 552, f"SIZE {largest} < {size}")
        return outcomes.held(one, "connect", reply, "too_big")
    with current_app.extensions["guichet.storage"].open(storage_key) as blob:
        reply = session.send(
            letter.sender,
            letter.recipient,
            size,
            _pieces(one, letter, blob),
            lambda: outcomes.mark(one.delivery),
        )
    return _answered(one, reply)


def _prepare(one: Try) -> tuple[Letter, str] | str:
    """Pin where it goes and what it carries; a state when it cannot leave."""
    delivery = one.delivery
    found = db.session.execute(
        select(Version, Document, Connection, Destination.address)
        .select_from(Version)
        .join(Document, Document.id == delivery.document_id)
        .join(Connection, Connection.id == delivery.connection_id)
        .outerjoin(
            Destination,
            (Destination.connection_id == Connection.id)
            & (Destination.slot == delivery.slot),
        )
        .where(Version.id == delivery.version_id)
        .execution_options(populate_existing=True)
    ).one()
    version, document, connection = found[:3]
    address: str | None = found[3]
    if address is None:
        return outcomes.held(one, "connect", None, "no_connection")
    if delivery.ambiguous and delivery.destination != address:
        return outcomes.doubtful(one)
    if document.size > catalogue.get(connection.app_key).max_file_bytes:
        return outcomes.held(one, "connect", None, "too_big")
    delivery = db.session.merge(delivery)
    delivery.destination, delivery.sender = address, connection.bot_address
    delivery.file_name = document.name if not delivery.ambiguous else delivery.file_name
    db.session.commit()
    one.delivery = delivery
    return _letter(delivery, version.content_type), version.storage_key


def _letter(delivery: Delivery, content_type: str) -> Letter:
    return Letter(
        message_id=delivery.message_id,
        date=delivery.message_date,
        sender=delivery.sender or "",
        recipient=delivery.destination or "",
        file_name=delivery.file_name,
        content_type=content_type,
        sha256=delivery.sha256,
        delivery_id=str(delivery.id),
        attempt=delivery.ambiguous + 1,
    )


def _pieces(one: Try, letter: Letter, blob: BinaryIO) -> Iterator[bytes]:
    renewed = time.monotonic()
    yield message.head(letter)
    for piece in message.body(blob, letter.sha256):
        one.bytes_sent += len(piece)
        yield piece
        if time.monotonic() - renewed > RENEW_SECONDS:
            outcomes.renew(one.delivery)
            renewed = time.monotonic()
    yield message.foot(letter)


def _answered(one: Try, reply: Reply) -> str:
    """T5 and T6: an answer to the dot is no doubt, good or bad."""
    if reply.is_positive:
        outcomes.accepted(one, reply)
        return "accepted"
    return _refused(one, "dot", reply)


def _unsent(one: Try, refusal: Unsent) -> str:
    reply = refusal.reply
    if reply.code == 421:
        outcomes.put_back(one, reply.phase, reply)
        raise ServerGone(reply.text) from refusal
    if reply.code == 0:
        return outcomes.deferred(one, reply.phase, reply)
    return _refused(one, reply.phase, reply)


def _refused(one: Try, phase: str, reply: Reply) -> str:
    if reply.code in {530, 535}:
        outcomes.put_back(one, phase, reply)
        raise ServerGone(reply.text)
    if reply.code == 552 and phase != "rcpt":
        return outcomes.failed(one, phase, reply, "too_big")
    if 400 <= reply.code < 500 or reply.code == 552 or reply.code <= 0:
        return outcomes.deferred(one, phase, reply)
    is_address = phase == "rcpt" and reply.code in {550, 551, 553}
    is_sender = phase == "mail" or reply.enhanced.startswith("5.7.")
    if is_address or is_sender:
        return outcomes.address_refused(one, phase, reply)
    return outcomes.failed(one, phase, reply, "refused")


def _stopped(one: Try) -> str:
    """Why the last look said no; a lost lease leaves the row to its new holder."""
    now_row = db.session.execute(
        select(
            Delivery.token,
            Delivery.cancel_requested,
            Document.trashed_at,
            Connection.revoked_at,
            Connection.refused_at,
            FolderSwitch.closed_at,
        )
        .select_from(Delivery)
        .join(Document, Document.id == Delivery.document_id)
        .join(Connection, Connection.id == Delivery.connection_id)
        .outerjoin(FolderSwitch, FolderSwitch.id == Delivery.switch_id)
        .where(Delivery.id == one.delivery.id)
    ).one()
    token, cancel_requested, trashed_at, revoked_at, refused_at, closed_at = now_row
    db.session.commit()
    if token != one.delivery.token:
        return "lost"
    if trashed_at:
        return outcomes.cancelled(one, "trashed")
    if revoked_at:
        return outcomes.held(one, "body", None, "revoked")
    if refused_at:
        return outcomes.held(one, "body", None, "refused")
    if closed_at or cancel_requested:
        return outcomes.cancelled(one, "switch_off")
    return "lost"
