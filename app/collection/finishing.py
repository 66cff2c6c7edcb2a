"""Mails that wait for a person though documents were made of them: who filed them was
cut off before the end, or something beside was refused. What is filed stays filed."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from app.alone import alone
from app.collection import receipts
from app.collection.ending import end
from app.collection.models import InboundMail, InboundPart
from app.collection.settling import give_to, let_go_of, locked, taken
from app.db import database_now, db
from app.firms.models import Firm
from app.library.models import Document
from app.people.models import Person

EVERYWHERE = {"across_firms": True}


def close(mail: InboundMail, *, by: Person) -> int:
    """Nothing more of it is to be filed: it is settled as what it is; gives how many
    of its parts were. Raises TooLate. The caller commits."""
    mail = taken(mail, "quarantined")
    filed = len(_parts(mail, "filed"))
    if filed:
        _end(mail, filed, by)
    return filed


def finish_cut_off() -> int:
    """Settle what somebody had in hand who is no more, where all that they chose is
    filed; the rest goes on waiting. Gives how many were settled. Commits."""
    settled = 0
    for mail_id in _left_in_hand():
        with alone(f"settling mail {mail_id}"):
            settled += _finish(mail_id)
    return settled


def _left_in_hand() -> list[uuid.UUID]:
    found = db.session.scalars(
        select(InboundMail.id)
        .where(
            # By the index: a person has in hand what is of a firm alone.
            InboundMail.firm_id.in_(select(Firm.id)),
            InboundMail.state == "quarantined",
            InboundMail.leased_until <= database_now(),
        )
        .limit(100)
        .execution_options(**EVERYWHERE)
    ).all()
    db.session.commit()
    return list(found)


def _finish(mail_id: uuid.UUID) -> bool:
    mail = locked(mail_id)
    is_left = mail and mail.leased_until and mail.leased_until <= database_now()
    if mail is None or mail.state != "quarantined" or not is_left:
        db.session.rollback()
        return False
    by = db.session.get(Person, mail.settled_by_id) if mail.settled_by_id else None
    filed = len(_parts(mail, "filed"))
    if by is None or not filed or _parts(mail, "held"):
        let_go_of(mail, mail.settled_by_id)
        return False
    _end(mail, filed, by)
    db.session.commit()
    return True


def _end(mail: InboundMail, filed: int, by: Person) -> None:
    """With the company that its documents are of."""
    company_id = db.session.scalar(
        select(Document.company_id)
        .join(InboundPart, InboundPart.document_id == Document.id)
        .where(InboundPart.mail_id == mail.id)
        .limit(1)
        .execution_options(**EVERYWHERE)
    )
    if company_id:
        give_to(mail, company_id)
    end(mail, "filed", by, filed=filed, sender=mail.from_address)
    receipts.tell(mail, is_theirs=bool(mail.from_address))


def _parts(mail: InboundMail, outcome: str) -> Sequence[uuid.UUID]:
    return db.session.scalars(
        select(InboundPart.id)
        .where(InboundPart.mail_id == mail.id, InboundPart.outcome == outcome)
        .execution_options(**EVERYWHERE)
    ).all()
