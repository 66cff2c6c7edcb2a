"""Documents by their words, among those that the person may see, the newest first.

A word that every other document has would have to be sorted out of all of them: so the
newest entries are looked through first, and the index of words is asked only when those
do not give a page.
"""

import uuid
from dataclasses import dataclass

from flask import g
from sqlalchemy import ColumnElement, Select, and_, func, literal, select

from app.db import db, on_sqlite
from app.library.models import Document
from app.search.asking import Asked
from app.search.indexing import keyed
from app.search.models import VECTOR, SearchEntry
from app.search.narrowing import narrowed
from app.search.rights import Realm

COUNTED = 1000  # beyond, «more than 1 000»
WINDOW = 500  # entries that are looked through


@dataclass(frozen=True)
class Page:
    documents: list[Document]
    has_more: bool
    # Of all pages; told on the first one.
    total: int
    total_is_floor: bool = False


def page(asked: Asked, realm: Realm, rows: int) -> Page:
    """From behind `asked.after`."""
    if realm.is_nowhere or (asked.q and not asked.words):
        return Page([], False, 0)
    if found := _among_the_newest(asked, realm, rows):
        return found
    wanted = _wanted(asked, realm).order_by(Document.id.desc()).limit(rows + 1)
    documents = list(db.session.scalars(wanted))
    has_more = len(documents) > rows
    total = _count(asked, realm) if has_more and not asked.after else len(documents)
    return Page(documents[:rows], has_more, min(total, COUNTED), total > COUNTED)


def _among_the_newest(asked: Asked, realm: Realm, rows: int) -> Page | None:
    """The page, where those have enough of it or are all there are."""
    entries = realm.one_row_of_entries()
    if entries is None or not asked.words or asked.is_narrowed:
        return None
    newest = (
        select(SearchEntry.document_id, SearchEntry.body)
        .where(entries, *_behind(asked))
        .order_by(SearchEntry.document_id.desc())
        .limit(WINDOW)
        .cte("newest")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    looked_at = select(func.count()).select_from(newest).scalar_subquery()
    found = db.session.execute(
        select(Document.id, looked_at)
        .join(newest, newest.c.document_id == Document.id)
        .where(
            Document.trashed_at.is_(None),
            realm.documents(),
            _begin_words(newest.c.body, asked),
        )
        .order_by(Document.id.desc())
    ).all()
    is_all = bool(found) and found[0][1] < WINDOW
    if len(found) <= rows and not is_all:
        return None
    ids = [row[0] for row in found]
    has_more = len(ids) > rows
    return Page(_read(ids[:rows]), has_more, len(ids), not is_all)


def _read(ids: list[uuid.UUID]) -> list[Document]:
    wanted = select(Document).where(Document.id.in_(ids)).order_by(Document.id.desc())
    return list(db.session.scalars(wanted))


def _wanted(asked: Asked, realm: Realm) -> Select[Document]:
    """In no order; where no word was asked for, all documents have it."""
    wanted = select(Document).where(
        Document.trashed_at.is_(None), realm.documents(), *narrowed(asked)
    )
    if not asked.q:
        return wanted.where(Document.id < asked.after) if asked.after else wanted
    hits = (
        select(SearchEntry.document_id)
        .where(_matching(asked, realm), *_behind(asked))
        .cte("hits")
        # Else the words are looked for in each document, one after the other.
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return wanted.join(hits, hits.c.document_id == Document.id)


def _count(asked: Asked, realm: Realm) -> int:
    """How many there are, of COUNTED and one at most."""
    some = _wanted(asked, realm).limit(COUNTED + 1)
    some = some.with_only_columns(Document.id, maintain_column_froms=True)
    return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _behind(asked: Asked) -> list[ColumnElement[bool]]:
    return [SearchEntry.document_id < asked.after] if asked.after else []


def _matching(asked: Asked, realm: Realm) -> ColumnElement[bool]:
    """Every word begins one of the document's."""
    if on_sqlite():
        return _begin_words(SearchEntry.body.expression, asked)
    # Quoted, and of letters and digits alone (`words`): nothing in it is an operator.
    query = " & ".join(f"'{word}':*" for word in keyed(asked.words, g.firm.id))
    if realm.scopes:
        query = f"({' | '.join(realm.scopes)}) & {query}"
    return VECTOR.op("@@", is_comparison=True)(func.to_tsquery("simple", query))


def _begin_words(body: ColumnElement[str], asked: Asked) -> ColumnElement[bool]:
    """The same of a body that is at hand: words have a space before them."""
    text = literal(" ") + body
    words = keyed(asked.words, g.firm.id)
    return and_(*(text.contains(f" {word}", autoescape=True) for word in words))
