"""The mails that a person of the firm may look at: or 404."""

import uuid
from datetime import timedelta
from functools import cache
from typing import Any

from flask import abort
from flask_login import current_user
from sqlalchemy import Select, Uuid, bindparam, func, or_, select

from app.collection.models import InboundMail, InboundPart
from app.companies.models import Company
from app.db import db, utc_now
from app.people.models import Person

LATELY = timedelta(days=7)


def visible_to(person: Person) -> Select[InboundMail]:
    """Those of the companies that the person may enter. One that is nobody's yet is for
    whoever sees them all: it may be any company's. What waits is not read yet."""
    return _visible(person.sees_every_company, person.firm_id, person.id)


def _visible(sees_all: bool, firm_id: Any, person_id: Any) -> Select[InboundMail]:
    companies = Company.visible(sees_all, firm_id, person_id)
    whose = [InboundMail.company_id.in_(companies.with_only_columns(Company.id))]
    if sees_all:
        whose.append(InboundMail.company_id.is_(None))
    return select(InboundMail).where(
        InboundMail.firm_id == firm_id,
        InboundMail.state != "waiting",
        or_(*whose),
    )


def mail_or_404(mail_id: uuid.UUID) -> InboundMail:
    found = db.session.scalar(visible_to(current_user).where(InboundMail.id == mail_id))
    return found or abort(404)


def stray_or_404(mail_id: uuid.UUID) -> InboundMail:
    """Of no firm: the operator's."""
    found = db.session.get(InboundMail, mail_id)
    return found if found and _is_stray(found) else abort(404)


def _is_stray(mail: InboundMail) -> bool:
    return mail.firm_id is None and mail.state in {"quarantined", "discarded"}


def strays(state: str = "quarantined") -> Select[InboundMail]:
    return select(InboundMail).where(
        InboundMail.firm_id.is_(None), InboundMail.state == state
    )


def parts_of(mail: InboundMail) -> list[InboundPart]:
    found = db.session.scalars(
        select(InboundPart)
        .where(InboundPart.mail_id == mail.id)
        .order_by(InboundPart.number)
    )
    return list(found)


def mail_of(document_id: uuid.UUID) -> InboundMail | None:
    """The one that the document came with, where the person may look at it."""
    came = select(InboundPart.mail_id).where(InboundPart.document_id == document_id)
    return db.session.scalar(
        visible_to(current_user).where(InboundMail.id.in_(came)).limit(1)
    )


def to_check(person: Person) -> int:
    """How many wait for somebody like this person."""
    if person.is_operator:
        return _number(strays())
    asked = _asked_to_check(person.sees_every_company)
    who = {"reader_firm_id": person.firm_id, "reader_id": person.id}
    return db.session.scalar(asked, who) or 0


@cache
def _asked_to_check(sees_all: bool) -> Select[int]:
    """Each page of the firm asks it."""
    firm_id = bindparam("reader_firm_id", type_=Uuid())
    reader_id = bindparam("reader_id", type_=Uuid())
    return _count(
        _visible(sees_all, firm_id, reader_id).where(InboundMail.state == "quarantined")
    )


def discarded(person: Person) -> int:
    """How many were set aside, and may be brought back still."""
    if person.is_operator:
        return _number(strays("discarded"))
    return _number(
        visible_to(person).where(
            InboundMail.state == "discarded", InboundMail.storage_key.is_not(None)
        )
    )


def filed_lately(person: Person) -> int:
    """How many were filed in the last days without anybody's look."""
    return _number(
        visible_to(person).where(
            InboundMail.state == "filed",
            InboundMail.settled_by_id.is_(None),
            InboundMail.received_at >= utc_now() - LATELY,
        )
    )


def _number(wanted: Select[InboundMail]) -> int:
    return db.session.scalar(_count(wanted)) or 0


def _count(wanted: Select[InboundMail]) -> Select[int]:
    return wanted.with_only_columns(func.count(InboundMail.id))
