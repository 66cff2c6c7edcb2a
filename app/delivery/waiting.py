"""How many documents have not left yet, said of companies.

`leaving` leave by themselves, now or later; `due_now` are those of them that a run at
this moment would take: what is tried again later, or under way, is not among them.
"""

import uuid

from sqlalchemy import ColumnElement, Select, func, select

from app.db import database_now, db
from app.delivery.due import one_of
from app.delivery.models import LEASED, WAITING, Delivery


def leaving(company_id: uuid.UUID) -> int:
    return _documents(company_id, one_of(Delivery.state, (*WAITING, *LEASED)))


def due_now(company_id: uuid.UUID) -> int:
    return _documents(
        company_id,
        one_of(Delivery.state, WAITING),
        Delivery.not_before <= database_now(),
    )


def due_now_in(companies: Select[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Of those companies, the ones that have any."""
    rows = db.session.execute(
        select(Delivery.company_id, func.count(Delivery.document_id.distinct()))
        .where(
            Delivery.company_id.in_(companies),
            one_of(Delivery.state, WAITING),
            Delivery.not_before <= database_now(),
        )
        .group_by(Delivery.company_id)
    )
    return {row[0]: row[1] for row in rows}


def _documents(company_id: uuid.UUID, *which: ColumnElement[bool]) -> int:
    found = db.session.scalar(
        select(func.count(Delivery.document_id.distinct())).where(
            Delivery.company_id == company_id, *which
        )
    )
    return found or 0
