"""How many documents have not left yet, said of companies.

`leaving` leave by themselves, now or later; `due_now` are those of them that a run at
this moment would take: what is tried again later, under way, or of a company that is
archived, is not among them.
"""

import uuid

from sqlalchemy import ColumnElement, Select, func, select

from app.db import database_now, db
from app.delivery.due import one_of, only_due
from app.delivery.models import LEASED, WAITING, Delivery

_NUMBER = func.count(Delivery.document_id.distinct())


def leaving(company_id: uuid.UUID) -> int:
    return _documents(company_id, one_of(Delivery.state, (*WAITING, *LEASED)))


def due_now(company_id: uuid.UUID) -> int:
    due = only_due(select(_NUMBER), database_now(), company_id)
    return db.session.scalar(due) or 0


def due_now_in(companies: Select[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Of those companies, the ones that have any."""
    due = only_due(select(Delivery.company_id, _NUMBER), database_now())
    rows = db.session.execute(
        due.where(Delivery.company_id.in_(companies)).group_by(Delivery.company_id)
    )
    return {row[0]: row[1] for row in rows}


def _documents(company_id: uuid.UUID, *which: ColumnElement[bool]) -> int:
    found = db.session.scalar(
        select(_NUMBER).where(Delivery.company_id == company_id, *which)
    )
    return found or 0
