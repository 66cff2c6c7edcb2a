"""A message that waits becomes documents, or a question to a person; never nothing.

Each part is a transaction of its own under an identity made of the mail and its number:
done twice, or cut off at any line and done again, it is one document.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from app.activity.recording import record
from app.collection import (
    alerts,
    judging,
    loops,
    pasted,
    places,
    receipts,
    threads,
)
from app.collection.heads import Head, head_of
from app.collection.judging import Sender
from app.collection.models import InboundMail, InboundPart
from app.collection.reading import Item, Reading, opened
from app.db import database_now, db, insert_into, new_id
from app.errors import DomainError, Refused
from app.library.deposit import deposit
from app.library.models import Folder
from app.library.naming import clean_name
from app.library.receiving import give_back, receive
from app.mailroom.parts import MOST_HEADERS
from app.people.models import Person
from app.texts import gettext as _

EVERYWHERE = {"across_firms": True}
VERBS = {"filed": "mail_filed", "ignored": "mail_ignored"}


class PlaceGone(Exception):
    """Somebody archived the company, or took the folder away, since it was looked up:
    nothing is wrong with the file. `args`: the sentence for a person."""


def process(mail: InboundMail) -> str:
    """Read it and settle it; gives its state. Commits. Raises StorageUnavailable,
    PlaceGone and database errors: it goes on waiting then."""
    if mail.storage_key is None:
        return _settle(mail, "quarantined", mail.reason or "damaged")
    with opened(mail) as found:
        head = head_of(found.beginning(MOST_HEADERS))
        stop = _look(mail, head, found)
        if stop:
            _note_all(mail, found, "held" if stop.state == "quarantined" else "ignored")
            return _settle(mail, stop.state, stop.reason)
        sender = judging.judge(mail, head, found)
        _note_sender(mail, sender)
        reason = found.defect or judging.why_not(mail, sender)
        if not reason and not found.documents:
            reason = "nothing_to_file"
        into = _place(mail) if not reason else None
        if not reason and into is None:
            reason = "no_folder"
        _note_all(mail, found, "held" if into is None else "")
        is_known = bool(sender.address)
        if into is None:
            return _settle(mail, "quarantined", reason, is_known)
        filed = file_items(mail, found, found.documents, into, sender.person)
        if not filed:
            return _settle(mail, "quarantined", "refused", is_known)
    return _settle(mail, "filed", "", is_known)


def _look(mail: InboundMail, head: Head, found: Reading) -> loops.Stop | None:
    """Write down what it says of itself, and whether it goes round; commits."""
    letter = found.letter
    mail.from_address, mail.from_name = letter.from_address, letter.from_name
    mail.subject, mail.text = letter.subject, letter.text
    mail.thread = threads.before(letter.answers)
    mail.is_automatic = loops.is_automatic(mail, head, letter)
    mail.depositor_name = judging.stranger(letter).name[:255]
    # What could not be read may well hold some.
    may_hold = bool(found.documents or found.defect)
    papers = {item.sha256 for item in found.documents}
    stop = loops.why_stopped(mail, head, letter, has_documents=may_hold, papers=papers)
    db.session.commit()
    return stop


def give_up(mail: InboundMail) -> None:
    """Whoever read it broke: a person looks at it."""
    _settle(mail, "quarantined", "damaged")


def file_items(
    mail: InboundMail,
    found: Reading,
    items: Iterable[Item],
    into: Folder,
    by: Person | None,
) -> int:
    """Make documents of the parts; gives how many. Commits after each. Raises
    PlaceGone, having refused nothing."""
    filed = 0
    for item in items:
        try:
            document_id = _file(mail, found, item, into, by)
        except DomainError as refusal:
            db.session.rollback()
            _note_part(mail, item, "refused", refusal.message)
        else:
            _note_part(mail, item, "filed", document_id=document_id)
            filed += 1
        db.session.commit()
    return filed


def _file(
    mail: InboundMail, found: Reading, item: Item, into: Folder, by: Person | None
) -> uuid.UUID:
    name = name_of(mail, item)
    received = receive(found.contents(item), name)
    try:
        done = deposit(
            received,
            into=into,
            by=by,
            channel="mail",
            kind="email",
            depositor_name=mail.depositor_name or None,
            upload_id=uuid.uuid5(mail.id, str(item.number)),
        )
    except Exception as error:
        give_back(received)
        if isinstance(error, Refused):
            raise PlaceGone(error.message) from error
        raise
    if done.is_repeat:
        give_back(received)
    return done.document.id


def name_of(mail: InboundMail, item: Item) -> str:
    return item.raw_name or mail.subject or _("Untitled document")


def _place(mail: InboundMail) -> Folder | None:
    """By the day on which it came, as it was at the firm."""
    if mail.address is None:
        return None
    return places.place_for(mail.address, places.day_of(mail.received_at))


def _note_sender(mail: InboundMail, sender: Sender) -> None:
    mail.from_address = sender.address or mail.from_address
    mail.firm_id = mail.firm_id or sender.firm_id
    mail.verdict, mail.verdict_text = sender.verdict, sender.verdict_text
    mail.depositor_id = sender.person.id if sender.person else None
    mail.depositor_name = sender.name[:255]


def _note_all(mail: InboundMail, found: Reading, outcome: str) -> None:
    """What was never a document, and, where there is an outcome for all, the others;
    commits."""
    for item in found.items:
        if item.ignored:
            _note_part(mail, item, "ignored", pasted.reason_of(mail, item))
        elif outcome:
            _note_part(mail, item, outcome)
    db.session.commit()


def _note_part(
    mail: InboundMail,
    item: Item,
    outcome: str,
    reason: str = "",
    document_id: uuid.UUID | None = None,
) -> None:
    values = {
        "outcome": outcome,
        "reason": reason[:500],
        "document_id": document_id,
    }
    row = {
        "id": new_id(),
        "firm_id": mail.firm_id,
        "mail_id": mail.id,
        "number": item.number,
        "name": clean_name(item.raw_name, fallback=_("Untitled document")),
        "content_type": item.content_type[:100],
        "size": item.size,
        "sha256": item.sha256,
    }
    db.session.execute(
        insert_into(InboundPart)
        .values(**row, **values)
        .on_conflict_do_update(
            index_elements=["mail_id", "number"],
            set_=values,
            # Whoever wakes after its lease has no say on what was filed meanwhile.
            where=InboundPart.outcome != "filed",
        )
    )


def _settle(
    mail: InboundMail, state: str, reason: str = "", is_known: bool = False
) -> str:
    """Once: whoever comes second finds it settled. `is_known`: its author is named."""
    row = db.session.scalar(
        select(InboundMail)
        .where(InboundMail.id == mail.id)
        .with_for_update()
        .execution_options(populate_existing=True, **EVERYWHERE)
    )
    if row is None or row.state != "waiting":
        db.session.rollback()
        return row.state if row else state
    row.state, row.reason = state, reason
    if not receipts.tell(row, is_known) and receipts.leaves_out_something(row):
        # Its author is not told of what was refused beside the rest: a person looks.
        state, reason = row.state, row.reason = "quarantined", "refused"
    row.settled_at = _now(state)
    row.leased_until = None
    alerts.tell(row)
    if row.firm_id:
        record(
            VERBS.get(state, "mail_held"),
            firm_id=row.firm_id,
            company_id=row.company_id,
            firm_only=True,
            mail=str(row.id),
            recipient=row.recipient,
            reason=reason,
        )
    db.session.commit()
    return state


def _now(state: str) -> datetime | None:
    """What a person has to settle yet is not settled."""
    return None if state == "quarantined" else database_now()
