"""What a person decides about a mail that waits for them: filed, set aside, or given to
the firm whose it is. Each of it once: whoever comes second is told who was quicker.

`classify` commits, as each part is a transaction of its own (`filing`); the rest leaves
that to the caller.
"""

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from app.activity.recording import record
from app.collection import receipts
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
        and_then()
        _give_to(mail, into.company_id)
        _settle(mail, "filed", by, filed=found.filed, sender=mail.from_address)
        receipts.tell(mail, is_theirs=bool(mail.from_address))
        db.session.commit()
    except BaseException as error:
        db.session.rollback()
        _let_go_of(mail)
        if isinstance(error, (StorageUnavailable, Missing)):
            text = _("The message could not be read. Try again.")
            raise Refused(text) from error
        raise
    return found


def discard(mail: InboundMail, *, by: Person) -> None:
    """Nobody's to do any more. It is kept until its days are over."""
    _settle(_taken(mail, "quarantined"), "discarded", by)


def bring_back(mail: InboundMail, *, by: Person) -> None:
    """It waits again, as it did. Raises Refused once its bytes are gone."""
    mail = _taken(mail, "discarded")
    is_over = mail.received_at < database_now() - DAYS
    if mail.storage_key is None and is_over:  # else its bytes were never here
        raise Refused(_("This mail was deleted after its 30 days."))
    _settle(mail, "quarantined", by)


def hand_over(mail: InboundMail, firm: Firm, *, by: Person) -> None:
    """A mail of no firm is for this firm's people to look at."""
    mail = _taken(mail, "quarantined")
    if mail.firm_id is not None:
        raise TooLate(_("This mail was given to a firm already."))
    mail.firm_id = firm.id
    db.session.execute(
        update(InboundPart)
        .where(InboundPart.mail_id == mail.id)
        .values(firm_id=firm.id)
        .execution_options(**EVERYWHERE)
    )
    _note("mail_handed", mail, by)


def _take_in_hand(
    mail: InboundMail, into: Folder, numbers: Collection[int], by: Person
) -> InboundMail:
    """Ours for a while: committed."""
    mail = _taken(mail, "quarantined")
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
    db.session.commit()
    return mail


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


def _give_to(mail: InboundMail, company_id: uuid.UUID) -> None:
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


def _let_go_of(mail: InboundMail) -> None:
    row = _locked(mail.id)
    if row and row.state == "quarantined":
        row.settled_by_id = row.leased_until = None
    db.session.commit()


def _taken(mail: InboundMail, state: str) -> InboundMail:
    """The row, for this transaction alone. Raises TooLate where it is settled, or in
    another person's hands."""
    row = _locked(mail.id)
    if row is None:
        raise TooLate(_("This mail is no longer there."))
    is_in_hand = row.leased_until and row.leased_until > database_now()
    if row.state != state or is_in_hand:
        raise TooLate(_quicker(row))
    return row


def _locked(mail_id: uuid.UUID) -> InboundMail | None:
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


def _settle(mail: InboundMail, state: str, by: Person, **details: Any) -> None:
    is_back = state == "quarantined"
    mail.state, mail.leased_until = state, None
    mail.settled_by_id = None if is_back else by.id
    mail.settled_at = None if is_back else database_now()
    verb = {"filed": "mail_classified", "discarded": "mail_discarded"}
    _note(verb.get(state, "mail_brought_back"), mail, by, **details)
    if state == "filed":
        _note_documents(mail, by)


def _note_documents(mail: InboundMail, by: Person) -> None:
    """In the history of each of them, for the firm alone."""
    for document_id in db.session.scalars(
        select(InboundPart.document_id).where(
            InboundPart.mail_id == mail.id, InboundPart.document_id.is_not(None)
        )
    ):
        _note("came_by_mail", mail, by, document_id, sender=mail.from_address)


def _note(
    verb: str,
    mail: InboundMail,
    by: Person,
    document_id: uuid.UUID | None = None,
    **details: Any,
) -> None:
    if mail.firm_id:
        record(
            verb,
            firm_id=mail.firm_id,
            company_id=mail.company_id,
            document_id=document_id,
            actor_id=by.id,
            firm_only=True,
            mail=str(mail.id),
            recipient=mail.recipient,
            **details,
        )
