"""What the search does not know yet: documents of before it, texts of lost jobs."""

import time
import uuid
from collections.abc import Callable
from typing import Any, cast

from sqlalchemy import CursorResult, Select, select, update

from app.alone import alone
from app.db import db
from app.library.inspecting import READABLE
from app.library.models import Document
from app.search import keeping, ocr, reading
from app.search.models import SearchEntry

A_BATCH = 500
SECONDS = 600.0


def rebuild() -> int:
    """Every entry anew; texts stay as they were read. Commits; gives how many."""
    return _index_all(select(Document))


def catch_up(
    seconds: float = SECONDS, *, should_stop: Callable[[], bool] = lambda: False
) -> int:
    """Make the entries that are missing, read what nobody has, and ask for what is to
    be recognised; commits."""
    until = time.monotonic() + seconds
    unknown = select(Document).outerjoin(
        SearchEntry, SearchEntry.document_id == Document.id
    )
    made = _index_all(unknown.where(SearchEntry.document_id.is_(None)))
    after = uuid.UUID(int=0)
    while ids := _unread(after):
        for document_id in ids:
            if should_stop() or time.monotonic() > until:
                return made
            with alone(f"reading the text of document {document_id}"):
                reading.read_text(str(document_id))
        after = ids[-1]
    ocr.ask_for_lost()
    return made


def ask_for_scans() -> int:
    """Have looked at what holds no text, even if it was before; commits. Gives how
    many there are."""
    which = select(Document.id).where(Document.content_type.in_(READABLE))
    marked = db.session.execute(
        update(SearchEntry)
        .where(SearchEntry.content == "", SearchEntry.read_sha256.is_not(None))
        .where(SearchEntry.document_id.in_(which))
        .values(needs_ocr=True)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    ocr.ask_for_lost()
    return int(cast("CursorResult[Any]", marked).rowcount)


def _index_all(wanted: Select[Document]) -> int:
    after, count = uuid.UUID(int=0), 0
    ids = wanted.with_only_columns(Document.id).order_by(Document.id).limit(A_BATCH)
    while found := db.session.scalars(ids.where(Document.id > after)).all():
        db.session.commit()
        for document_id in found:
            _index(document_id)
        after, count = found[-1], count + len(found)
    return count


def _index(document_id: uuid.UUID) -> None:
    """Under the document's lock, and of no other one: a new name that comes meanwhile
    is not lost, and whoever trashes many waits for one at a time."""
    document = db.session.get(
        Document, document_id, with_for_update={"key_share": True}
    )
    if document is not None:
        keeping.index(document, ask=False)
    db.session.commit()
    db.session.expunge_all()


def _unread(after: uuid.UUID) -> list[uuid.UUID]:
    found = db.session.scalars(
        select(SearchEntry.document_id)
        .where(SearchEntry.read_sha256.is_(None), SearchEntry.document_id > after)
        .order_by(SearchEntry.document_id)
        .limit(A_BATCH)
    ).all()
    db.session.commit()
    return list(found)
