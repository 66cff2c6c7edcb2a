"""A page of a folder's documents with its counts, and for the firm their deliveries:
one query, whatever the folder holds."""

import uuid
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    ScalarSelect,
    Select,
    bindparam,
    case,
    false,
    func,
    select,
    true,
)

from app.db import db
from app.delivery.briefs import COLUMNS, Brief
from app.delivery.models import OPEN, Delivery
from app.delivery.needing import has_no_end_yet
from app.library.models import Document, Folder
from app.library.ordering import Order
from app.library.tree import Sight
from app.library.unread import bound, is_unread
from app.people.models import Person

ROWS = 50
WIDTH = len(COLUMNS)
COUNTED = 1000  # beyond, «1 000+»: a full count would cost with the folder's size


@dataclass(frozen=True)
class Found:
    """A page of documents and one more, with what the firm sees of their deliveries,
    which of them are new for the reader, and the folder's counts (capped) and size."""

    documents: list[Document]
    deliveries: dict[uuid.UUID, list[Brief]]
    unread: set[uuid.UUID]
    counts: dict[str, int]
    bytes: int


def fetch(
    folder: Folder,
    sight: Sight,
    after: str | None,
    reader: Person | None,
    order: Order,
    status: str | None = None,
) -> Found:
    """`status`: of the documents that are wanted; the counts are those of all."""
    behind = order.bound(after)
    asked, names = _asked(
        order,
        firm_side=sight.firm_side,
        has_reader=reader is not None,
        is_behind=bool(behind),
        of_status=status is not None,
        dialect=db.session.get_bind().dialect.name,
    )
    here: dict[str, Any] = {"company_id": folder.company_id, "folder_id": folder.id}
    if status:
        here["status"] = status
    rows = db.session.execute(asked, here | behind | bound(reader)).all()
    if not rows and (status or behind):  # the counts come with the rows
        every = fetch(folder, sight, None, None, order)
        return replace(every, documents=[], deliveries={}, unread=set())
    deliveries: dict[uuid.UUID, list[Brief]] = {}
    for row in rows if sight.firm_side else []:
        if row[2]:  # a document without has none of its values
            deliveries.setdefault(row[0].id, []).append(Brief(*row[2 : 2 + WIDTH]))
    values = rows[0][-len(names) :] if rows else [0] * len(names)
    counts = {name: int(value) for name, value in zip(names, values, strict=True)}
    return Found(
        documents=list(dict.fromkeys(row[0] for row in rows)),
        deliveries=deliveries,
        unread={row[0].id for row in rows if row[1]},
        bytes=counts.pop("bytes"),
        counts=counts,
    )


@lru_cache(maxsize=64)
def _asked(
    order: Order,
    *,
    firm_side: bool,
    has_reader: bool,
    is_behind: bool,
    of_status: bool,
    dialect: str,
) -> tuple[Select[*tuple[Any, ...]], list[str]]:
    """The statement, and what its counts are called."""
    folder_id: BindParameter[uuid.UUID] = bindparam("folder_id")
    here = (Document.folder_id == folder_id) & Document.trashed_at.is_(None)
    counted = _counted(here)
    columns = [*counted.c]
    if firm_side:
        columns.append(_waiting().label("waiting"))
    unread = is_unread() if has_reader else false()
    page = (
        select(Document.id, unread.label("is_unread"))
        .where(here)
        .order_by(*order.columns(dialect))
        .limit(ROWS + 1)
    )
    if of_status:
        page = page.where(Document.status == bindparam("status"))
    if is_behind:
        page = page.where(order.behind(dialect))
    shown = page.subquery("shown")
    asked: Select[*tuple[Any, ...]] = (
        select(Document, shown.c.is_unread)
        .join(shown, shown.c.id == Document.id)
        .join(counted, true())
        .order_by(*order.columns(dialect))
    )
    if firm_side:
        asked = _with_deliveries(asked)
    return asked.add_columns(*columns), [column.name for column in columns]


def _counted(here: ColumnElement[bool]) -> CTE:
    """How many there are, of how many bytes, and how many of each state."""
    seen = (
        select(Document.size, Document.status)
        .where(here)
        .limit(COUNTED + 1)
        .subquery("seen")
    )
    of_status = {
        status: func.coalesce(func.sum(case((seen.c.status == status, 1), else_=0)), 0)
        for status in ("validated", "rejected")
    }
    counted = select(
        func.count().label("documents"),
        func.coalesce(func.sum(seen.c.size), 0).label("bytes"),
        *(total.label(status) for status, total in of_status.items()),
    ).cte("counted")
    # Counted once, whatever the plan makes of the rest.
    return counted.prefix_with("MATERIALIZED", dialect="postgresql")


def _with_deliveries(
    documents: Select[*tuple[Any, ...]],
) -> Select[*tuple[Any, ...]]:
    """A row for each delivery, the oldest first, with what a badge says of it."""
    return (
        documents.add_columns(*COLUMNS)
        .outerjoin(Delivery, Delivery.document_id == Document.id)
        .outerjoin(Delivery.connection)
        .order_by(Delivery.created_at)
    )


def _waiting() -> ScalarSelect[int]:
    """Documents of the folder with a delivery that has not come to its end."""
    return (
        select(func.count(Delivery.document_id.distinct()))
        .join(Document, Document.id == Delivery.document_id)
        .where(
            Delivery.company_id == bindparam("company_id"),
            Delivery.state.in_(OPEN),
            has_no_end_yet(),
            Document.folder_id == bindparam("folder_id"),
            Document.trashed_at.is_(None),
        )
        .correlate(None)
        .scalar_subquery()
    )


def deliveries_of(documents: list[Document]) -> dict[uuid.UUID, list[Brief]]:
    found: dict[uuid.UUID, list[Brief]] = {}
    rows = db.session.execute(
        select(*COLUMNS)
        .join(Delivery.connection)
        .where(Delivery.document_id.in_([d.id for d in documents]))
        .order_by(Delivery.created_at)
    )
    for row in rows:
        found.setdefault(row.document_id, []).append(Brief(*row))
    return found
