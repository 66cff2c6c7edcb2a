"""What is new for a person: documents that came into the folder, deposited or moved,
after their mark for it (or after their account, where they set none), that they neither
deposited nor opened nor put there.

Each person's own: nobody else is told what they have read. Acts; the caller commits.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Uuid,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.companies.models import Company
from app.connectors.reach import subtree
from app.db import UtcDateTime, among, database_now, db, insert_into
from app.library.models import Document, Folder
from app.library.read_models import DocumentRead, FolderRead
from app.library.tree import Sight, hidden_folders, hidden_of
from app.locks import lock_company
from app.people.models import Person

# Of a folder: more are «99+», and only so many of the newest are looked at.
MOST = 100


# Who reads, for statements that are written once; `bound` says who it is.
READER = bindparam("reader_id", type_=Uuid())
SINCE = bindparam("reader_since", type_=UtcDateTime())


def bound(reader: Person | None) -> dict[str, Any]:
    if reader is None:
        return {}
    return {"reader_id": reader.id, "reader_since": reader.created_at}


def is_unread() -> ColumnElement[bool]:
    """Of the Document of a statement, for its READER."""
    mark = (
        select(FolderRead.read_until)
        .where(
            FolderRead.person_id == READER,
            FolderRead.folder_id == Document.folder_id,
        )
        .correlate(Document)
        .scalar_subquery()
    )
    since = func.coalesce(mark, SINCE)
    return and_(
        or_(Document.arrived_at > since, Document.moved_at > since),
        Document.depositor_id.is_distinct_from(READER),
        ~_is_opened(READER, Document.id),
    )


def _is_opened(reader_id: Any, document_id: Any) -> ColumnElement[bool]:
    return (
        select(DocumentRead.document_id)
        .where(
            DocumentRead.person_id == reader_id,
            DocumentRead.document_id == document_id,
        )
        .exists()
    )


def counts(company_id: Any, sight: Sight) -> CTE:
    """By folder, for a statement's READER: `own` of it, and `whole` with all that lies
    below; folders with none are not in it. Whatever the company holds, it costs with
    its folders only."""
    since = func.coalesce(FolderRead.read_until, SINCE)
    # Those that were moved are counted once: not where their arrival is after it too.
    own = _newest(Document.arrived_at, since) + _newest(
        Document.moved_at, since, Document.arrived_at <= since
    )
    is_theirs = (FolderRead.folder_id == Folder.id) & (FolderRead.person_id == READER)
    seen = select(Folder.id, own.label("own")).outerjoin(FolderRead, is_theirs)
    seen = seen.where(Folder.company_id == company_id, Folder.trashed_at.is_(None))
    if not sight.firm_side:
        seen = seen.where(Folder.id.not_in(hidden_of(company_id, sight)))
    return _with_those_below(seen.cte("unread"))


def _newest(
    came_at: InstrumentedAttribute[Any],
    since: ColumnElement[Any],
    *which: ColumnElement[bool],
) -> ColumnElement[int]:
    """How many came so into the Folder of a statement after its FolderRead."""
    newest = (
        select(Document.id, Document.depositor_id)
        .where(
            Document.folder_id == Folder.id,
            Document.trashed_at.is_(None),
            came_at > since,
            *which,
        )
        .order_by(came_at.desc(), Document.id.desc())
        .limit(MOST)
        .correlate(Folder, FolderRead)
        .subquery()
    )
    return (
        select(func.count())
        .select_from(newest)
        .where(
            newest.c.depositor_id.is_distinct_from(READER),
            ~_is_opened(READER, newest.c.id),
        )
        .correlate(Folder, FolderRead)
        .scalar_subquery()
    )


def _with_those_below(unread: CTE) -> CTE:
    up = (
        select(unread.c.id, unread.c.own, unread.c.own.label("whole"))
        .where(unread.c.own > 0)
        .cte("up", recursive=True)
    )
    folder = aliased(Folder)
    up = up.union_all(
        select(folder.parent_id, literal(0), up.c.whole)
        .join(up, up.c.id == folder.id)
        .where(folder.parent_id.is_not(None))
    )
    return (
        select(
            up.c.id,
            func.sum(up.c.own).label("own"),
            func.sum(up.c.whole).label("whole"),
        )
        .group_by(up.c.id)
        .cte("news")
    )


def is_known(document: Document, reader: Person) -> bool:
    """Whether the person deposited or opened it."""
    opened = select(literal(1)).where(_is_opened(reader.id, document.id))
    return document.depositor_id == reader.id or bool(db.session.scalar(opened))


def note_opened(document: Document, reader: Person) -> None:
    """Once; again changes nothing."""
    note_known([document], reader, database_now())


def note_known(documents: Sequence[Document], reader: Person, at: datetime) -> None:
    """The same of many that the person has opened, or put where they are."""
    known = select(
        Document.firm_id,
        literal(reader.id, Uuid()),
        Document.id,
        literal(at, UtcDateTime()),
    ).where(among(Document.id, [document.id for document in documents]))
    marks = insert_into(DocumentRead).from_select(
        ["firm_id", "person_id", "document_id", "read_at"],
        known,
        include_defaults=False,
    )
    db.session.execute(marks.on_conflict_do_nothing())


def mark_read(folder: Folder, sight: Sight, company: Company, reader: Person) -> None:
    """All that is there by now, in the folder and below, as far as they may see."""
    # Nothing is arriving then with a time that is before the mark.
    lock_company(company.id, exclusive=True)
    inside = select(Folder.id).where(
        Folder.id.in_(select(subtree(folder.id).c.id)),
        Folder.id.not_in(hidden_folders(company, sight)),
    )
    now = database_now()
    rows = [
        {
            "firm_id": company.firm_id,
            "person_id": reader.id,
            "folder_id": folder_id,
            "read_until": now,
        }
        for folder_id in db.session.scalars(inside)
    ]
    marks = insert_into(FolderRead).values(rows)
    db.session.execute(
        marks.on_conflict_do_update(
            index_elements=["person_id", "folder_id"],
            set_={"read_until": marks.excluded.read_until},
        )
    )
