"""The trash: what is put there stays whole for thirty days, and comes back whole.

What has not left for a tool is cancelled; restored, it is due again only when the
trashing had cancelled it and the same period is still open. The caller commits.
"""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, select, update

from app.companies.finding import still_let_in
from app.companies.models import Company
from app.connectors.reach import subtree
from app.db import database_now, db
from app.delivery import planning
from app.delivery.cancelling import cancel_waiting
from app.errors import Refused
from app.library.models import Document, Folder
from app.library.noting import note_document, note_documents, note_folder
from app.library.permissions import acts_on, why_closed
from app.library.taking import (
    FRESHLY,
    change_all,
    current_version,
    free_folder_name,
    free_name_in,
    living,
    note_arrival,
    take,
    take_folder,
)
from app.library.tree import HIDDEN_FROM_USERS, chain, sight_of_person
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _

KEPT = timedelta(days=30)


def trash_document(document: Document, *, by: Person | None) -> None:
    """Raises Refused when the firm has decided on a client's meanwhile."""
    lock_company(document.company_id)
    take(document)
    if by is not None and by.is_client:
        _is_still_theirs(document, by)
    trash_all([document], by=by)


def _is_still_theirs(document: Document, client: Person) -> None:
    still_let_in(client, document.company_id)
    company = db.session.get_one(Company, document.company_id)
    folder = db.session.get_one(Folder, document.folder_id)
    sight = sight_of_person(client, company)
    if "trash" not in acts_on(document, folder, sight):
        raise Refused(why_closed(document, folder, sight, "trash"))


def trash_all(documents: Sequence[Document], *, by: Person | None) -> None:
    """All are taken, as `take` does it for one."""
    change_all(
        documents, trashed_at=database_now(), trashed_by_id=by.id if by else None
    )
    cancel_waiting(document_ids=[document.id for document in documents], why="trashed")
    note_documents("trashed", [(one, _where(one)) for one in documents], by)


def restore_document(
    document: Document, *, by: Person | None, channel: str = "web"
) -> Folder:
    """To its folder, or the nearest living one above it, or the company's first; gives
    that folder."""
    to = _living_place(document.folder_id, document.company_id)
    _stays_among_its_readers(document.folder_id, to)
    lock_company(document.company_id, and_folder=to.id)
    take(document, trashed=True)
    [*_above, to] = living(to, document.company_id)
    _bring_back(document, to, by, channel)
    note_document("restored", document, by, **_where(document))
    return to


def trash_folder(folder: Folder, *, by: Person | None) -> int:
    """With all that lies in it; gives the number of documents that went with it."""
    lock_company(folder.company_id, exclusive=True)
    take_folder(folder)
    now = database_now()
    values = {
        "trashed_at": now,
        "trashed_by_id": by.id if by else None,
        "trashed_with_id": folder.id,
    }
    folders = list(db.session.scalars(select(subtree(folder.id).c.id)))
    gone = db.session.execute(
        update(Document)
        .where(Document.folder_id.in_(folders), Document.trashed_at.is_(None))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    documents = cast("CursorResult[Any]", gone).rowcount
    db.session.execute(
        update(Folder)
        .where(Folder.id.in_(folders))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    db.session.expire_all()
    with_it = select(Document.id).where(Document.trashed_with_id == folder.id)
    cancel_waiting(document_ids=with_it, why="trashed")
    note_folder("folder_trashed", folder, by, documents=documents)
    return documents


def restore_folder(
    folder: Folder, *, by: Person | None, channel: str = "web"
) -> Folder | None:
    """With what went into the trash with it; gives the folder that it is in again,
    None at the top."""
    lock_company(folder.company_id, exclusive=True)
    take_folder(folder, trashed=True)
    if folder.trashed_with_id != folder.id:
        raise Refused(_("This folder went into the trash with another one."))
    parent = _nearest(folder.parent_id)
    _stays_among_its_readers(folder.parent_id, parent)
    folder.parent_id = parent.id if parent else None
    folder.name = free_folder_name(folder, folder.parent_id, folder.name)
    # What is above it may be another way now than when its documents arrived.
    folder.moved_at = database_now()
    db.session.flush()
    gone_with_it = Folder.trashed_with_id == folder.id
    db.session.execute(
        update(Folder)
        .where(gone_with_it)
        .values(trashed_at=None, trashed_by_id=None, trashed_with_id=None)
        .execution_options(synchronize_session=False)
    )
    db.session.expire_all()
    documents = db.session.scalars(
        select(Document)
        .where(Document.trashed_with_id == folder.id)
        .order_by(Document.id)
        .with_for_update(key_share=True)
        .execution_options(**FRESHLY)
    ).all()
    for document in documents:
        place = db.session.get_one(Folder, document.folder_id)
        _bring_back(document, place, by, channel)
    note_folder("folder_restored", folder, by, documents=len(documents))
    return parent


def _bring_back(
    document: Document, to: Folder, by: Person | None, channel: str
) -> None:
    document.name = free_name_in(to.id, document.name, but=document.id)
    if document.folder_id != to.id:
        document.folder_id, document.moved_at = to.id, database_now()
    document.trashed_at = document.trashed_by_id = document.trashed_with_id = None
    db.session.flush()
    version = current_version(document)
    arrived = note_arrival(document, version, "restore", by=by, channel=channel)
    planning.arrival(document, version, arrived)


def _living_place(folder_id: uuid.UUID, company_id: uuid.UUID) -> Folder:
    if above := _nearest(folder_id):
        return above
    first = db.session.scalars(
        select(Folder)
        .where(
            Folder.company_id == company_id,
            Folder.parent_id.is_(None),
            Folder.trashed_at.is_(None),
            Folder.visibility != "firm_only",
        )
        .order_by(Folder.kind != "inbox", Folder.position)
        .limit(1)
    ).one_or_none()
    if first is None:
        raise Refused(_("There is no folder left to restore it to. Make one first."))
    return first


def _nearest(folder_id: uuid.UUID | None) -> Folder | None:
    """The nearest folder above that lives, with all above it."""
    while folder_id is not None:
        folder = db.session.get_one(Folder, folder_id)
        if path := chain(folder.id, folder.company_id, afresh=True):
            return path[-1]
        folder_id = folder.parent_id
    return None


def _stays_among_its_readers(folder_id: uuid.UUID | None, to: Folder | None) -> None:
    """Raises Refused when more people would see it there than where it lay."""
    while folder_id is not None and (to is None or folder_id != to.id):
        folder = db.session.get_one(Folder, folder_id)
        if folder.visibility == "firm_only" or folder.kind in HIDDEN_FROM_USERS:
            raise Refused(
                _(
                    "Not everybody may see “%(folder)s”, where it was: restore that "
                    "folder first.",
                    folder=folder.name,
                )
            )
        folder_id = folder.parent_id


def _where(document: Document) -> dict[str, Any]:
    return {"name": document.name, "folder": str(document.folder_id)}
