"""A document or a folder taken in hand for an act: locked, as it is now, and alive.

The company's lock comes first; of two acts at once, the second sees the first's.
"""

import uuid
from datetime import datetime

from sqlalchemy import select

from app.db import database_now, db
from app.errors import Refused
from app.library.models import Arrival, Document, Folder, Version
from app.library.naming import free_name, numbered_like
from app.library.tree import MOST_LEVELS, chain
from app.people.models import Person
from app.texts import gettext as _

FRESHLY = {"populate_existing": True}


def take(document: Document, *, trashed: bool = False) -> None:
    """Lock its row and read it again. Raises Refused when it is not where it was said
    to be: in another folder, in the trash, or (`trashed`) out of it."""
    before = document.folder_id
    found = db.session.scalar(
        select(Document)
        .where(Document.id == document.id)
        .with_for_update()
        .execution_options(**FRESHLY)
    )
    if found is None:
        raise Refused(_("This document is no longer there."))
    if trashed and found.trashed_at is None:
        raise Refused(_("This document is no longer in the trash."))
    if not trashed and found.trashed_at is not None:
        raise Refused(_("This document is in the trash. Restore it first."))
    if found.folder_id != before:
        raise Refused(_("Somebody else has just moved this document. Look again."))


def take_folder(folder: Folder, *, trashed: bool = False) -> None:
    """The same for a folder; the company's exclusive lock is taken."""
    found = db.session.scalar(
        select(Folder).where(Folder.id == folder.id).execution_options(**FRESHLY)
    )
    if found is None or (found.trashed_at is None) == trashed:
        raise Refused(_("This folder is no longer there. Choose another one."))


def living(folder: Folder, company_id: uuid.UUID) -> list[Folder]:
    """The way to the folder as it is now, root first, in that company. Raises Refused
    when it is gone, or another company's."""
    path = chain(folder.id, company_id, afresh=True)
    if not path:
        raise Refused(_("This folder is no longer there. Choose another one."))
    return path


def holding(parent: Folder, company_id: uuid.UUID, field: str) -> list[Folder]:
    """The same, for one that is to hold a folder more."""
    path = living(parent, company_id)
    if len(path) >= MOST_LEVELS - 1:
        raise Refused(_("There are too many folders inside one another."), field)
    return path


def current_version(document: Document) -> Version:
    return db.session.scalars(
        select(Version).where(
            Version.document_id == document.id,
            Version.number == document.version_number,
        )
    ).one()


def free_name_in(folder_id: uuid.UUID, name: str, but: uuid.UUID | None = None) -> str:
    """The name, or with the first number that no living document has there."""
    taken = select(Document.name).where(
        Document.folder_id == folder_id,
        Document.name.startswith(numbered_like(name), autoescape=True),
        Document.trashed_at.is_(None),
    )
    if but:
        taken = taken.where(Document.id != but)
    return free_name(name, set(db.session.scalars(taken)))


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
    arrived = Arrival(
        firm_id=document.firm_id,
        company_id=document.company_id,
        document_id=document.id,
        version_id=version.id,
        folder_id=document.folder_id,
        kind=kind,
        channel=channel,
        actor_id=by.id if by else None,
        at=at or database_now(),
    )
    db.session.add(arrived)
    db.session.flush()
    return arrived
