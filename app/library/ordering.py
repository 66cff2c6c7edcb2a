"""The orders of a folder's page, and where a page begins in each of them.

A page begins behind a place, never at a number of rows: the last page of a folder costs
what the first one does, and nothing is seen twice when documents come in meanwhile.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Uuid, bindparam, func, select, tuple_
from sqlalchemy.orm import aliased

from app.db import UtcDateTime, id_from
from app.library.models import STATUSES, Document

# The newest first is the usual one, and has no name in the address.
BY = ("date", "name", "size")


@dataclass(frozen=True)
class Order:
    by: str = "date"
    is_descending: bool = True

    @property
    def name(self) -> str | None:
        """As the address has it: «name», «-name»; None for the usual one."""
        if self == USUAL:
            return None
        return f"-{self.by}" if self.is_descending else self.by

    def columns(self, dialect: str) -> list[ColumnElement[Any]]:
        keys = [_key(self.by, Document, dialect), Document.id]
        return [key.desc() if self.is_descending else key.asc() for key in keys]

    def place(self, document: Document) -> str:
        """Of a row, for `behind`: of the usual order the moment and the id, so that it
        stays one whatever becomes of the document; else the id."""
        if self != USUAL:
            return str(document.id)
        return moment_at(document.arrived_at, document.id)

    def bound(self, place: str | None) -> dict[str, Any]:
        """The values that `behind` asks for; none when it is no place."""
        if self == USUAL:
            return moment_of(place)
        last = id_from(place)
        return {"after_id": last} if last else {}

    def behind(self, dialect: str) -> ColumnElement[bool]:
        """What comes after a place, whose values are given to the statement."""
        last = bindparam("after_id", type_=Uuid())
        value: Any = bindparam("after_at", type_=UtcDateTime())
        if self != USUAL:
            # As the database has it: it folds letters in its own way.
            other = aliased(Document)
            key = _key(self.by, other, dialect)
            value = select(key).where(other.id == last).scalar_subquery()
        here = tuple_(_key(self.by, Document, dialect), Document.id)
        there = tuple_(value, last)
        return here < there if self.is_descending else here > there


USUAL = Order()


def order_from(given: str | None) -> Order:
    """«name», «-size»…; unknown ones are the usual one."""
    by = (given or "").removeprefix("-")
    return Order(by, (given or "").startswith("-")) if by in BY else USUAL


def status_from(given: str | None) -> str | None:
    """Of the documents that are wanted; unknown ones are all of them."""
    return given if given in STATUSES else None


def by_column(by: str, now: Order) -> Order:
    """What its heading leads to: the other way round when it is the order already, else
    the newest, the first letter, the largest."""
    return Order(by, not now.is_descending if now.by == by else by != "name")


def _key(by: str, document: Any, dialect: str) -> ColumnElement[Any]:
    if by == "size":
        return document.size  # type: ignore[no-any-return]
    if by == "date":
        return document.arrived_at  # type: ignore[no-any-return]
    return func.lower(document.name).collate("BINARY" if dialect == "sqlite" else "C")


def moment_at(at: datetime, row_id: uuid.UUID) -> str:
    """A place in an order by moments, newest first, in which no two rows are one."""
    return f"{round(at.timestamp() * 1_000_000)}.{row_id}"


def moment_of(place: str | None) -> dict[str, Any]:
    """`after_at` and `after_id` of such a place; none when it is no place."""
    try:
        microseconds, _dot, document_id = (place or "").partition(".")
        at = datetime.fromtimestamp(int(microseconds) / 1_000_000, UTC)
        return {"after_at": at, "after_id": uuid.UUID(document_id)}
    except (ValueError, OverflowError, OSError):
        return {}
