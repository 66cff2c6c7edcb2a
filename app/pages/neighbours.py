"""The documents before and behind one in its folder's list, and its place there."""

from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, func, select, tuple_

from app.db import db
from app.library.fetching import COUNTED
from app.library.models import Document


@dataclass(frozen=True)
class Neighbours:
    previous_url: str | None
    next_url: str | None
    # «3 of 14»; null in a folder of more than can be counted at once
    rank: int | None
    total: int | None


def neighbours(document: Document) -> Neighbours:
    """In the order of the list: the newest first."""
    at = tuple_(Document.arrived_at, Document.id)
    own = tuple_(document.arrived_at, document.id)
    newest_first = (Document.arrived_at.desc(), Document.id.desc())
    above = _counted(document, at > own)
    below = _counted(document, at < own)
    is_countable = above + below < COUNTED
    return Neighbours(
        _url(document, at > own, Document.arrived_at, Document.id),
        _url(document, at < own, *newest_first),
        above + 1 if is_countable else None,
        above + below + 1 if is_countable else None,
    )


def _url(document: Document, where: ColumnElement[bool], *order: Any) -> str | None:
    found = db.session.scalar(
        select(Document.id).where(_here(document), where).order_by(*order).limit(1)
    )
    return url_for("library.document", document_id=found) if found else None


def _counted(document: Document, where: ColumnElement[bool]) -> int:
    seen = select(Document.id).where(_here(document), where).limit(COUNTED).subquery()
    return db.session.scalar(select(func.count()).select_from(seen)) or 0


def _here(document: Document) -> ColumnElement[bool]:
    return (Document.folder_id == document.folder_id) & Document.trashed_at.is_(None)
