"""The orders of a folder's page, and where a page begins in each of them.

A page begins behind a place, never at a number of rows: the last page of a folder costs
what the first one does, and nothing is seen twice when documents come in meanwhile.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import aliased

from app.db import db, id_from
from app.library.models import Document

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

    def columns(self) -> list[ColumnElement[Any]]:
        keys = [_key(self.by, Document), Document.id]
        return [key.desc() if self.is_descending else key.asc() for key in keys]

    def place(self, document: Document) -> str:
        """Of a row, for `behind`: of the usual order the moment and the id, so that it
        stays one whatever becomes of the document; else the id."""
        if self != USUAL:
            return str(document.id)
        microseconds = round(document.arrived_at.timestamp() * 1_000_000)
        return f"{microseconds}.{document.id}"

    def behind(self, place: str | None) -> list[ColumnElement[bool]]:
        """What comes after it; everything when it is none."""
        here = tuple_(_key(self.by, Document), Document.id)
        there = _moment_of(place) if self == USUAL else self._values_of(place)
        if there is None:
            return []
        return [here < there if self.is_descending else here > there]

    def _values_of(self, place: str | None) -> Any:
        """As the database has them: it folds letters in its own way."""
        last = id_from(place)
        if last is None:
            return None
        other = aliased(Document)
        value = select(_key(self.by, other)).where(other.id == last).scalar_subquery()
        return tuple_(value, last)


USUAL = Order()


def order_from(given: str | None) -> Order:
    """«name», «-size»…; unknown ones are the usual one."""
    by = (given or "").removeprefix("-")
    return Order(by, (given or "").startswith("-")) if by in BY else USUAL


def by_column(by: str, now: Order) -> Order:
    """What its heading leads to: the other way round when it is the order already, else
    the newest, the first letter, the largest."""
    return Order(by, not now.is_descending if now.by == by else by != "name")


def _key(by: str, document: Any) -> ColumnElement[Any]:
    if by == "size":
        return document.size  # type: ignore[no-any-return]
    if by == "date":
        return document.arrived_at  # type: ignore[no-any-return]
    on_sqlite = db.session.get_bind().dialect.name == "sqlite"
    return func.lower(document.name).collate("BINARY" if on_sqlite else "C")


def _moment_of(place: str | None) -> Any:
    try:
        microseconds, _dot, document_id = (place or "").partition(".")
        at = datetime.fromtimestamp(int(microseconds) / 1_000_000, UTC)
        return tuple_(at, uuid.UUID(document_id))
    except (ValueError, OverflowError, OSError):
        return None
