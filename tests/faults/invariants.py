"""What must hold whatever failed: the database held against what the sink took.

Each invariant gives what is wrong, in words; nothing when it holds. All may be asked
at any moment, except `unsettled`, which is for the end: a healthy sink, leases lapsed.
"""

import hashlib
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from app.activity.models import Entry
from app.connectors.models import Bot, Connection
from app.db import db
from app.delivery.auditing import differences
from app.delivery.decisions import wrong_decisions
from app.delivery.message import clean
from app.delivery.models import BLOCKED, DONE, LEASED, WAITING, Attempt, Delivery
from app.library.models import Document, Rendition, Version
from tests.smtp import Received

MOST_COPIES = 2
# States in which no dot of its own is out or was taken: each copy is from a window.
UNTAKEN = {*WAITING, "sending", "held", "failed", "unknown"}


@dataclass
class Seen:
    """The deliveries as they are now, and every copy that arrived."""

    deliveries: list[Delivery]
    received: list[Received]
    copies: dict[str, list[Received]]  # by Message-ID


Invariant = Callable[[Seen], Iterator[str]]


def look(received: Sequence[Received]) -> Seen:
    """Reads the database once; the sink's journal is given."""
    found = db.session.scalars(
        select(Delivery)
        .order_by(Delivery.id)
        .execution_options(populate_existing=True, across_firms=True)
    ).all()
    db.session.commit()
    copies: dict[str, list[Received]] = defaultdict(list)
    taken = list(received)  # of one moment: the sink may go on
    for copy in taken:
        copies[copy.message_id].append(copy)
    return Seen(list(found), taken, copies)


def undecided(_seen: Seen) -> Iterator[str]:
    """I1: each arrival that was due has its one delivery, and no other has any."""
    for arrival_id, text in wrong_decisions():
        yield f"arrival {arrival_id}: {text}"
    key = (Delivery.version_id, Delivery.connection_id, Delivery.slot)
    twice = db.session.execute(
        select(*key)
        .where(Delivery.retry_of_id.is_(None))
        .group_by(*key)
        .having(func.count() > 1)
    ).all()
    db.session.commit()
    for version_id, *_to in twice:
        yield f"version {version_id} has two first deliveries"


def lost(seen: Seen) -> Iterator[str]:
    """Said to have arrived and did not; or at rest where no person is shown it."""
    shown = {*WAITING, *LEASED, *DONE, *BLOCKED, "cancelled"}
    for delivery in seen.deliveries:
        if delivery.state not in shown:
            yield f"{delivery}: in no state that anybody sees"
        is_claimed = delivery.state in DONE and delivery.reason != "by_hand"
        if is_claimed and not seen.copies[delivery.message_id]:
            yield f"{delivery}: said to have arrived, the sink has no copy"


def unsettled(seen: Seen) -> Iterator[str]:
    """I2: with a healthy sink each is accepted, or uncertain and shown to a person."""
    for delivery in seen.deliveries:
        if delivery.state in (*WAITING, *LEASED):
            yield f"{delivery}: still on its way ({delivery.last_text})"


def doubled(seen: Seen) -> Iterator[str]:
    """I3: a copy beyond the first is one of the recorded windows; two at most."""
    for delivery in seen.deliveries:
        count = len(seen.copies[delivery.message_id])
        most = delivery.ambiguous + (delivery.state not in UNTAKEN)
        if count > min(most, MOST_COPIES):
            yield f"{delivery}: {count} copies, {delivery.ambiguous} windows"


def stray(seen: Seen) -> Iterator[str]:
    """I4: no file arrives that was not due (mails to people bear none)."""
    known = {delivery.message_id for delivery in seen.deliveries}
    for message_id in seen.copies.keys() - known:
        if any(
            list(copy.message.iter_attachments()) for copy in seen.copies[message_id]
        ):
            yield f"{message_id} is of no delivery"


def altered(seen: Seen) -> Iterator[str]:
    """I5: the bytes and the name as they were deposited."""
    hashes = {
        **_by_id(select(Version.id, Version.sha256)),
        **_by_id(select(Rendition.id, Rendition.sha256)),
    }
    for delivery, copy in _arrived(seen):
        source = delivery.rendition_id or delivery.version_id
        if hashlib.sha256(copy.content).hexdigest() != hashes[source]:
            yield f"{delivery}: other bytes arrived"
        if copy.file_name != clean(delivery.file_name):
            yield f"{delivery}: arrived as {copy.file_name!r}"


def misdirected(seen: Seen) -> Iterator[str]:
    """I6: from the bot of the document's company to the address that was pinned."""
    bots = {bot.address: bot for bot in db.session.scalars(select(Bot))}
    companies = _by_id(select(Document.id, Document.company_id))
    connected = _by_id(select(Connection.id, Connection.company_id))
    db.session.commit()
    for delivery, copy in _arrived(seen):
        bot = bots.get(str(copy.message["From"]).strip("<> ").lower())
        if bot is None or bot.company_id not in {None, delivery.company_id}:
            yield f"{delivery}: sent by {copy.message['From']}"
        elif bot.firm_id != delivery.firm_id:
            yield f"{delivery}: sent by a bot of another firm"
        if copy.recipient != delivery.destination:
            yield f"{delivery}: arrived at {copy.recipient}"
        owners = {companies[delivery.document_id], connected[delivery.connection_id]}
        if owners != {delivery.company_id}:
            yield f"{delivery}: of several companies"


def reworded(seen: Seen) -> Iterator[str]:
    """I7: all copies of a delivery are one message, byte for byte."""
    for delivery in seen.deliveries:
        copies = seen.copies[delivery.message_id]
        if len({_unnumbered(copy.raw) for copy in copies}) > 1:
            yield f"{delivery}: its copies differ"
        if any(str(c.message["X-Delivery-Id"]) != str(delivery.id) for c in copies):
            yield f"{delivery}: another's message bears its Message-ID"


def misjudged(seen: Seen) -> Iterator[str]:
    """I8: validated by nobody means accepted, and the reverse."""
    done = {d.document_id for d in seen.deliveries if d.state in DONE}
    as_they_are = {
        (d.document_id, d.sha256) for d in seen.deliveries if d.state in DONE
    }
    for document in db.session.scalars(
        select(Document).execution_options(populate_existing=True)
    ):
        is_validated = document.status == "validated"
        if is_validated and not document.validated_by_id and document.id not in done:
            yield f"{document}: validated by nothing"
        is_as_it_left = (document.id, document.sha256) in as_they_are
        if document.status == "received" and is_as_it_left:
            yield f"{document}: accepted, not validated"
    db.session.commit()


def untold(seen: Seen) -> Iterator[str]:
    """I10: an acceptance has its line in the trail, once; a failure its attempt."""
    lines = db.session.scalars(select(Entry).where(Entry.verb == "transmitted")).all()
    told = Counter(line.details.get("delivery") for line in lines)
    tried = set(db.session.scalars(select(Attempt.delivery_id).distinct()))
    db.session.commit()
    for delivery in seen.deliveries:
        is_taken = delivery.state in DONE and delivery.reason != "by_hand"
        if is_taken and told[str(delivery.id)] != 1:
            yield f"{delivery}: told {told[str(delivery.id)]} times in the trail"
        if delivery.state == "failed" and delivery.id not in tried:
            yield f"{delivery}: failed without an attempt"
        if delivery.state in {"unknown", "failed"} and delivery.settled_at is None:
            yield f"{delivery}: at its end, nobody knows since when"


def disagreeing(_seen: Seen) -> Iterator[str]:
    """The product's own auditor, files and all."""
    for difference in differences():
        yield f"{difference.kind} {difference.about}: {difference.text}"
    db.session.commit()


ALWAYS: tuple[Invariant, ...] = (
    *(undecided, lost, doubled, stray, altered, misdirected, reworded),
    *(misjudged, untold, disagreeing),
)


def broken(
    received: Sequence[Received],
    *,
    at_rest: bool = False,
    besides: Collection[Invariant] = (),
) -> list[str]:
    """All that does not hold, each said with the invariant's name; `besides` those."""
    seen = look(received)
    asked = (*ALWAYS, unsettled) if at_rest else ALWAYS
    return [
        f"{each.__name__}: {text}"
        for each in asked
        if each not in besides
        for text in each(seen)
    ]


def _arrived(seen: Seen) -> Iterator[tuple[Delivery, Received]]:
    for delivery in seen.deliveries:
        for copy in seen.copies[delivery.message_id]:
            yield delivery, copy


def _by_id(wanted: Any) -> dict[uuid.UUID, Any]:
    found = {row[0]: row[1] for row in db.session.execute(wanted)}
    db.session.commit()
    return found


def _unnumbered(raw: bytes) -> bytes:
    """Without the line that counts the copies (only a repeat has it)."""
    lines = raw.split(b"\r\n")
    return b"\r\n".join(li for li in lines if not li.startswith(b"X-Delivery-Attempt:"))
