"""Sending one claimed delivery, and saying what came of it.

No transaction is open while the network or the store is spoken to. Whatever goes
wrong before the final dot leaves nothing at the other side.
"""

import logging
from collections.abc import Callable, Iterator
from typing import BinaryIO

from flask import current_app

from app.connectors import apps
from app.connectors.catalogue import PartnerApp
from app.db import db
from app.delivery import envelope, lastlook, message, ours, outcomes, renditions
from app.delivery.answers import (
    OUR_CREDENTIALS,
    NoServer,
    Reply,
    Stopped,
    Unanswered,
    Unsent,
)
from app.delivery.claiming import Claim
from app.delivery.message import Altered, Letter
from app.delivery.providers import metadata
from app.delivery.recorder import Recorder
from app.delivery.transport import Session
from app.library.converting import NoAnswer, Unreadable
from app.storage import Missing, StorageUnavailable

log = logging.getLogger(__name__)
# RFC 3463: for the mailbox, or for the system.
TOO_LARGE = {"5.2.3", "5.3.4"}


class ServerGone(Exception):
    """The mail server is not to be had now: the rest of the run is for later."""

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


class TooBig(Exception):
    """The server said beforehand that it takes no message of this size."""

    def __init__(self, size: int, largest: int) -> None:
        super().__init__(f"{size} bytes, the server takes {largest}")


def send(
    claim: Claim,
    session: Session,
    recorder: Recorder,
    keep_lease: Callable[[], None],
) -> str:
    """Send it; gives the state that it came to. Raises ServerGone, Unrecorded."""
    app = apps.find(claim.app_key)
    db.session.commit()  # what was read of the application, before the network
    if state := _kept_from_converting(claim, app) or _kept_from_leaving(claim, app):
        return state
    try:
        reply = _transfer(claim, session, recorder, keep_lease)
    except NoServer as gone:
        outcomes.put_back(claim, "connect", Reply("connect", gone.code, gone.text))
        raise ServerGone(gone.text, gone.code) from gone
    except Unsent as refusal:
        return _refused(claim, refusal.reply)
    except Stopped:
        return _stopped(claim)
    except Unanswered as doubt:
        return outcomes.unanswered(claim, str(doubt))
    except (TooBig, Altered, Missing, StorageUnavailable) as fault:
        return _document_fault(claim, fault)
    if not reply.is_positive:
        return _refused(claim, reply)
    recorder.accepted(claim, reply)
    return "accepted"


def _document_fault(claim: Claim, fault: Exception) -> str:
    if isinstance(fault, TooBig):
        reply = Reply("connect", 552, str(fault))
        return outcomes.held(claim, "connect", reply, "too_big")
    if isinstance(fault, Altered):
        log.error("the stored bytes of delivery %s were altered", claim.id)
        return outcomes.failed(claim, "body", None, "damaged")
    log.error("the bytes of delivery %s are not to be had: %r", claim.id, fault)
    said = ours.CONVERSION if isinstance(fault, NoAnswer) else ours.STORE
    return outcomes.deferred(claim, "body", Reply("body", 0, said))


def _kept_from_converting(claim: Claim, app: PartnerApp | None) -> str | None:
    try:
        renditions.put_in_place(claim, app)
    except Unreadable as fault:
        return outcomes.held(claim, "connect", None, fault.defect)
    except (NoAnswer, Missing, StorageUnavailable) as fault:
        return _document_fault(claim, fault)
    return None


def _kept_from_leaving(claim: Claim, app: PartnerApp | None) -> str | None:
    if app is None or claim.address is None:
        return outcomes.held(claim, "connect", None, "no_connection")
    if claim.destination != claim.address:
        return outcomes.uncertain(claim)
    if claim.size > app.largest(claim.content_type):
        return outcomes.held(claim, "connect", None, "too_big")
    return None


def _transfer(
    claim: Claim,
    session: Session,
    recorder: Recorder,
    keep_lease: Callable[[], None],
) -> Reply:
    def mark() -> bool:
        recorder.wait()
        return lastlook.mark(claim, recorder.ledger)

    letter = _letter(claim)
    size = message.wire_size(letter, claim.size)
    largest = session.largest_message()
    if largest is not None and size > largest:
        raise TooBig(size, largest)
    with current_app.extensions["guichet.storage"].open(claim.storage_key) as blob:
        return session.send(
            envelope.envelope_sender(claim),
            letter.recipient,
            size,
            _pieces(claim, letter, blob, keep_lease),
            mark,
            envelope.options(claim),
        )


def _letter(claim: Claim) -> Letter:
    return Letter(
        message_id=claim.message_id,
        date=claim.message_date,
        sender=claim.sender,
        recipient=claim.destination or "",
        file_name=renditions.attached_name(claim),
        content_type=claim.content_type,
        sha256=claim.sha256,
        delivery_id=str(claim.id),
        attempt=claim.ambiguous + 1,
        metadata=metadata.headers(current_app.config["MAIL_PROVIDER"], str(claim.id)),
    )


def _pieces(
    claim: Claim, letter: Letter, blob: BinaryIO, keep_lease: Callable[[], None]
) -> Iterator[bytes]:
    yield message.head(letter)
    for piece in message.body(blob, letter.sha256):
        claim.bytes_sent += len(piece)
        yield piece
        keep_lease()
    yield message.foot(letter)


def _refused(claim: Claim, reply: Reply) -> str:
    """What an answer means that is none of good: T3 before the dot, T6 after it."""
    phase, code, enhanced = reply.phase, reply.code, reply.enhanced
    if code == 421 or code in OUR_CREDENTIALS:
        outcomes.put_back(claim, phase, reply)
        raise ServerGone(f"{code} {reply.text}", code)
    # A full mailbox (RFC 3463: X.2.2) empties again.
    is_full = enhanced == "5.2.2" or (code == 552 and phase == "rcpt")
    if code < 500 or (is_full and enhanced not in TOO_LARGE):
        return outcomes.deferred(claim, phase, reply)
    if code == 552 or enhanced in TOO_LARGE:
        return outcomes.failed(claim, phase, reply, "too_big")
    if phase in {"mail", "rcpt"} or enhanced.startswith(("5.1.", "5.7.")):
        # RFC 3463: 5.1.7 and 5.1.8 speak of the sender's address, 5.7 of its rights.
        is_sender = phase == "mail" or enhanced.startswith(("5.1.7", "5.1.8", "5.7."))
        return outcomes.address_refused(claim, phase, reply, sender=is_sender)
    return outcomes.failed(claim, phase, reply, "refused")


def _stopped(claim: Claim) -> str:
    why = lastlook.why_not(claim)
    if why is None:
        return "lost"
    state, reason = why
    if state == "cancelled":
        return outcomes.cancelled(claim, reason)
    if state == "held":
        return outcomes.held(claim, "body", None, reason)
    return outcomes.put_back(claim, "body", None)
