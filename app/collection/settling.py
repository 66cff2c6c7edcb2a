"""What a person decides about a mail that waits for them: filed, set aside, or given to
the firm whose it is. Each of it once: whoever comes second is told who was quicker.

`classify` commits, as each part is a transaction of its own (`filing`); the rest leaves
that to the caller.
"""

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import ColumnElement, select, update

from app.collection import receipts
from app.collection.ending import end, note
from app.collection.filing import PlaceGone, file_items
from app.collection.models import InboundMail, InboundPart
from app.collection.reading import Item, opened
from app.collection.telling import DAYS
from app.db import database_now, db
from app.errors import DomainError, Refused
from app.firms.models import Firm
from app.formats import clock
from app.library.models import Document, Folder
from app.people.models import Person
from app.storage import Missing, StorageUnavailable
from app.texts import gettext as _

EVERYWHERE = {"across_firms": True}
# Longer than fifty attachments take; whoever dies meanwhile lets go of it by then.
IN_HAND = timedelta(minutes=5)


class TooLate(DomainError):
    """A colleague was quicker."""

    status = 409


@dataclass
class Classified:
    filed: int = 0
    refused: list[InboundPart] = field(default_factory=list)


def classify(
    mail: InboundMail,
    into: Folder,
    numbers: Collection[int],
    *,
    by: Person,
    and_then: Callable[[], None] = lambda: None,
) -> Classified:
    """Make documents of these parts, in the folder; `and_then` is kept with that or
    not at all. Commits. Raises Refused, having filed nothing; and what `and_then`
    raises, when the mail goes on waiting and knows which parts are filed."""
    mail = _take_in_hand(mail, into, numbers, by)
    try:
        found = _file(mail, into, set(numbers))
        if not found.filed:
            raise Refused(found.refused[0].reason, "part")
        mail = taken(mail, "quarantined", by)  # our time may have been over meanwhile
        and_then()
        give_to(mail, into.company_id)
        end(mail, "filed", by, filed=found.filed, sender=mail.from_address)
        receipts.tell(mail, is_theirs=bool(mail.from_address))
        db.session.commit()
    except BaseException as error:
        db.session.rollback()
        let_go_of(mail, by.id)
        if isinstance(error, (StorageUnavailable, Missing)):
            text = _("The message could not be read. Try again.")
            raise Refused(text) from error
        raise
    return found


def discard(mail: InboundMail, *, by: Person) -> None:
    """Nobody's to do any more. It is kept until its days are over."""
    end(taken(mail, "quarantined"), "discarded", by)


def bring_back(mail: InboundMail, *, by: Person) -> None:
    """It waits again, as it did. Raises Refused once its bytes are gone."""
    mail = taken(mail, "discarded")
    is_over = mail.received_at < database_now() - DAYS
    if mail.storage_key is None and is_over:  # else its bytes were never here
        raise Refused(_("This mail was deleted after its 30 days."))
    end(mail, "quarantined", by)


def hand_over(mail: InboundMail, firm: Firm, *, by: Person) -> None:
    """A mail of no firm is for this firm's people to look at."""
    mail = taken(mail, "quarantined")
    if mail.firm_id is not None:
        raise TooLate(_("This mail was given to a firm already."))
    mail.firm_id = firm.id
    db.session.execute(
        update(InboundPart)
        .where(InboundPart.mail_id == mail.id)
        .values(firm_id=firm.id)
        .execution_options(**EVERYWHERE)
    )
    note("mail_handed", mail, by)


def _take_in_hand(
    mail: InboundMail, into: Folder, numbers: Collection[int], by: Person
) -> InboundMail:
    """Ours for a while: committed."""
    mail = taken(mail, "quarantined")
    if not numbers:
        raise Refused(_nothing(), "part")
    if mail.storage_key is None:
        raise Refused(_("This mail was deleted after its 30 days."))
    elsewhere = db.session.scalar(
        select(Document.id)
        .join(InboundPart, InboundPart.document_id == Document.id)
        .where(InboundPart.mail_id == mail.id, Document.company_id != into.company_id)
        .limit(1)
    )
    if elsewhere:
        raise Refused(
            _("A part of this mail is filed already: choose the same company."),
            "company",
        )
    mail.settled_by_id, mail.leased_until = by.id, database_now() + IN_HAND
    _mark(mail, "ignored", "held", InboundPart.number.in_(numbers))
    db.session.commit()
    return mail


def _mark(
    mail: InboundMail, before: str, after: str, which: ColumnElement[bool]
) -> None:
    """What was left out and is to be filed all the same is held meanwhile, with why it
    was left out: whoever finishes for us sees that not all of it is done."""
    db.session.execute(
        update(InboundPart)
        .where(InboundPart.mail_id == mail.id, InboundPart.outcome == before, which)
        .values(outcome=after)
        .execution_options(**EVERYWHERE)
    )


def _file(mail: InboundMail, into: Folder, numbers: set[int]) -> Classified:
    sender = db.session.get(Person, mail.depositor_id) if mail.depositor_id else None
    db.session.commit()  # no transaction while the store is spoken to
    with opened(mail) as found:
        chosen = [item for item in found.items if item.number in numbers]
        if not chosen:
            raise Refused(_nothing(), "part")
        try:
            filed = file_items(mail, found, chosen, into, sender)
        except PlaceGone as gone:
            raise Refused(str(gone), "folder") from gone
    return Classified(filed, _refused(mail, chosen))


def give_to(mail: InboundMail, company_id: uuid.UUID) -> None:
    """It goes with its documents: whoever sees the company of its address, and not
    this one, sees it no more."""
    mail.company_id = company_id
    if mail.address and mail.address.company_id != company_id:
        mail.address_id = None


def _refused(mail: InboundMail, items: list[Item]) -> list[InboundPart]:
    found = db.session.scalars(
        select(InboundPart)
        .where(
            InboundPart.mail_id == mail.id,
            InboundPart.number.in_([item.number for item in items]),
            InboundPart.outcome == "refused",
        )
        .order_by(InboundPart.number)
        .execution_options(populate_existing=True)
    )
    return list(found)


def _nothing() -> str:
    return _("Choose what is to be filed.")


def let_go_of(mail: InboundMail, by_id: uuid.UUID | None) -> None:
    """Out of the hands of that person; commits."""
    row = locked(mail.id)
    if row and row.state == "quarantined" and row.settled_by_id == by_id:
        row.settled_by_id = row.leased_until = None
        _mark(row, "held", "ignored", InboundPart.reason != "")
    db.session.commit()


def taken(mail: InboundMail, state: str, by: Person | None = None) -> InboundMail:
    """The row, for this transaction alone. Raises TooLate where it is settled, or in
    another person's hands; `by`: who has it in theirs."""
    row = locked(mail.id)
    if row is None:
        raise TooLate(_("This mail is no longer there."))
    is_ours = by is not None and row.settled_by_id == by.id
    is_in_hand = row.leased_until and row.leased_until > database_now() and not is_ours
    if row.state != state or is_in_hand:
        raise TooLate(_quicker(row))
    return row


def locked(mail_id: uuid.UUID) -> InboundMail | None:
    return db.session.scalar(
        select(InboundMail)
        .where(InboundMail.id == mail_id)
        .with_for_update()
        .execution_options(populate_existing=True, **EVERYWHERE)
    )


def _quicker(mail: InboundMail) -> str:
    who = db.session.get(Person, mail.settled_by_id) if mail.settled_by_id else None
    name = who.name if who else _("a colleague")
    at = clock(mail.settled_at) if mail.settled_at else ""
    if mail.state == "filed":
        return _("%(name)s was quicker: filed at %(time)s.", name=name, time=at)
    if mail.state == "discarded":
        return _("%(name)s was quicker: set aside at %(time)s.", name=name, time=at)
    if mail.leased_until:
        return _("%(name)s is filing this mail right now.", name=name)
    return _("%(name)s was quicker: look at what became of it.", name=name)
