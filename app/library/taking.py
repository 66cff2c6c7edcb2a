"""A document or a folder taken in hand for an act: locked, as it is now, and alive.

The company's lock comes first; of two acts at once, the second sees the first's.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm.attributes import set_committed_value

from app.companies.finding import read_only, still_open
from app.companies.models import Company
from app.db import among, database_now, db, insert_all, insert_at_once, new_id
from app.errors import Refused
from app.library.models import Arrival, Document, Folder, Version
from app.library.naming import free_name, numbered_like
from app.library.tree import MOST_LEVELS, chain
from app.people.models import Person
from app.texts import gettext as _

FRESHLY = {"populate_existing": True}


def take(document: Document, *, trashed: bool = False) -> None:
    """Lock its row and read it again. Raises Refused when it is not where it was said
    to be: in another folder, in the trash, or (`trashed`) out of it; and when its
    company was archived just now."""
    before = document.folder_id
    row = db.session.execute(
        select(Document, Company.name, Company.archived_at)
        .join(Company, Company.id == Document.company_id)
        .where(Document.id == document.id)
        .with_for_update(of=Document, key_share=True)
        .execution_options(**FRESHLY)
    ).one_or_none()
    if row is None:
        raise Refused(_("This document is no longer there."))
    found, company, archived_at = row
    if archived_at:
        raise read_only(company)
    if trashed and found.trashed_at is None:
        raise Refused(_("This document is no longer in the trash."))
    if not trashed and found.trashed_at is not None:
        raise Refused(in_the_trash())
    if found.folder_id != before:
        raise Refused(moved_since())


def in_the_trash() -> str:
    return _("This document is in the trash. Restore it first.")


def moved_since() -> str:
    return _("Somebody else has just moved this document. Look again.")


def take_folder(folder: Folder, *, trashed: bool = False) -> None:
    """The same for a folder; the company's exclusive lock is taken."""
    still_open(folder.company_id)
    found = db.session.scalar(
        select(Folder).where(Folder.id == folder.id).execution_options(**FRESHLY)
    )
    if found is None or (found.trashed_at is None) == trashed:
        raise Refused(_("This folder is no longer there. Choose another one."))


def change_all(documents: Sequence[Document], **values: Any) -> None:
    """The same for all of them, by one statement. Words that documents are found by
    are not among it: those hang on the flush (`app/search/keeping.py`)."""
    columns = Document.__table__.columns
    db.session.flush()
    db.session.execute(
        update(Document)
        .where(among(Document.id, [document.id for document in documents]))
        .values({name: values[name] for name in values if name in columns})
        .execution_options(synchronize_session=False)
    )
    for document in documents:
        for name, value in values.items():
            set_committed_value(document, name, value)


def living(folder: Folder, company_id: uuid.UUID) -> list[Folder]:
    """The way to the folder as it is now, root first, in that company. Raises Refused
    when it is gone, or another company's."""
    path = chain(folder.id, company_id, afresh=True)
    if not path:
        raise Refused(_("This folder is no longer there. Choose another one."))
    return path


def holding(
    parent: Folder, company_id: uuid.UUID, field: str, *, levels: int = 1
) -> list[Folder]:
    """The same, for one that is to hold a folder more, of so many levels."""
    path = living(parent, company_id)
    if len(path) + levels >= MOST_LEVELS:
        raise Refused(_("There are too many folders inside one another."), field)
    return path


def current_version(document: Document) -> Version:
    return db.session.scalars(
        select(Version).where(
            Version.document_id == document.id,
            Version.number == document.version_number,
        )
    ).one()


def _current(documents: Iterable[Document], *what: Any) -> Select[*tuple[Any, ...]]:
    """The same of many: that of their current versions."""
    return (
        select(*what)
        .join(Document, Document.id == Version.document_id)
        .where(
            among(Document.id, [document.id for document in documents]),
            Version.number == Document.version_number,
        )
    )


def free_names_in(folder_id: uuid.UUID, names: Iterable[str]) -> list[str]:
    """For as many documents that come at once: the names, or numbered ones where a
    living document there, or one before them, is called so."""
    wanted = list(names)
    taken = set(
        db.session.scalars(
            select(Document.name).where(
                Document.folder_id == folder_id,
                among(Document.name, wanted),
                Document.trashed_at.is_(None),
            )
        )
    )
    given = []
    for name in wanted:
        if name in taken:
            taken |= _namesakes(folder_id, name)
        given.append(free_name(name, taken))
        taken.add(given[-1])
    return given


def free_name_in(folder_id: uuid.UUID, name: str, but: uuid.UUID | None = None) -> str:
    """The name, or with the first number that no living document has there."""
    return free_name(name, _namesakes(folder_id, name, but))


def _namesakes(
    folder_id: uuid.UUID, name: str, but: uuid.UUID | None = None
) -> set[str]:
    taken = select(Document.name).where(
        Document.folder_id == folder_id,
        Document.name.startswith(numbered_like(name), autoescape=True),
        Document.trashed_at.is_(None),
    )
    if but:
        taken = taken.where(Document.id != but)
    return set(db.session.scalars(taken))


def free_folder_name(folder: Folder, parent_id: uuid.UUID | None, name: str) -> str:
    """The same for a folder among those that live beside it."""
    taken = db.session.scalars(
        select(Folder.name).where(
            Folder.company_id == folder.company_id,
            Folder.parent_id == parent_id if parent_id else Folder.parent_id.is_(None),
            Folder.trashed_at.is_(None),
            Folder.id != folder.id,
        )
    )
    return free_name(name, set(taken))


def note_arrival(
    document: Document,
    version: Version,
    kind: str,
    *,
    by: Person | None,
    channel: str,
    at: datetime | None = None,
) -> Arrival:
    """The version came into the document's folder, now or when it was said; flushed."""
    arrived = _arrival(document, version, kind, by, channel, at or database_now())
    insert_at_once(arrived)
    return arrived


def note_first_arrival(
    document: Document,
    version: Version,
    kind: str,
    *,
    by: Person | None,
    channel: str,
    at: datetime,
) -> Arrival:
    """The same of a version that is not written yet: both by one statement, past the
    session."""
    arrived = _arrival(document, version, kind, by, channel, at)
    insert_at_once(version, arrived)
    return arrived


def note_arrivals(
    documents: Sequence[Document],
    kind: str,
    *,
    by: Person | None,
    channel: str,
    at: datetime,
) -> dict[uuid.UUID, dict[str, Any]]:
    """The same for many of one company that came into one folder then. They are written
    past the session: gives what was, by the documents' ids."""
    first = documents[0]
    of_all = {
        "firm_id": first.firm_id,
        "company_id": first.company_id,
        "folder_id": first.folder_id,
        "kind": kind,
        "channel": channel,
        "actor_id": by.id if by else None,
        "at": at,
    }
    found = db.session.execute(_current(documents, Version.document_id, Version.id))
    versions = {row.document_id: row.id for row in found}
    arrived = {
        one.id: of_all
        | {"id": new_id(), "document_id": one.id, "version_id": versions[one.id]}
        for one in documents
    }
    insert_all(Arrival, list(arrived.values()))
    return arrived


def came(
    documents: Sequence[Document], arrivals: Mapping[uuid.UUID, dict[str, Any]]
) -> Iterator[tuple[Document, Version, Arrival]]:
    """Those that arrived so, with their versions, which nobody reads before."""
    found = db.session.scalars(_current(documents, Version))
    versions = {version.document_id: version for version in found}
    for document in documents:
        yield document, versions[document.id], Arrival(**arrivals[document.id])


def _arrival(
    document: Document,
    version: Version,
    kind: str,
    by: Person | None,
    channel: str,
    at: datetime,
) -> Arrival:
    return Arrival(
        id=new_id(),
        firm_id=document.firm_id,
        company_id=document.company_id,
        document_id=document.id,
        version_id=version.id,
        folder_id=document.folder_id,
        kind=kind,
        channel=channel,
        actor_id=by.id if by else None,
        at=at,
    )
