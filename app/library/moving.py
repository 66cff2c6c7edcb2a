"""Moving documents and folders within a company, and what that means for deliveries.

A document that is moved arrives in its new folder; the content of a folder that is
moved does not. What waits and is no longer covered is cancelled. The caller commits.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, func, select

from app.activity.models import Entry
from app.connectors.reach import subtree
from app.db import database_now, db
from app.delivery import planning
from app.delivery.covering import cover_again
from app.delivery.planning import Effective, newly_on
from app.delivery.returning import may_be_due
from app.errors import Refused
from app.library.models import Document, Folder
from app.library.noting import note_documents, note_folder
from app.library.taking import (
    came,
    change_all,
    free_folder_name,
    free_names_in,
    holding,
    living,
    moved_since,
    note_arrivals,
    take,
    take_folder,
)
from app.library.unread import note_known
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _


def move_document(
    document: Document,
    to: Folder,
    *,
    by: Person | None,
    channel: str = "web",
    is_back: bool = False,
) -> Document:
    """To another folder of its company; a name that is taken there gets a number.
    `is_back`: the last move is taken back, and with it the number that it gave; not
    where that was somebody else's."""
    lock_company(document.company_id, and_folder=to.id)
    take(document)
    living(to, document.company_id)
    if document.folder_id == to.id:
        return document
    before = _name_before_move(document, by) if is_back else None
    names = {document.id: before} if before else {}
    move_all([document], to, by=by, channel=channel, names=names)
    return document


def move_all(
    documents: Sequence[Document],
    to: Folder,
    *,
    by: Person | None,
    channel: str,
    names: Mapping[uuid.UUID, str] = MappingProxyType({}),
) -> None:
    """Those that lie elsewhere. All are taken, the folder lives, and nothing else
    arrives there meanwhile. `names`: what some are to be called there."""
    before = {document.id: document.folder_id for document in documents}
    was = {document.id: document.name for document in documents}
    wanted = [names.get(document.id, document.name) for document in documents]
    for document, name in zip(documents, free_names_in(to.id, wanted), strict=True):
        if document.name != name:
            document.name = name
    now = database_now()
    change_all(documents, folder_id=to.id, folder=to, moved_at=now)
    if by:
        note_known(documents, by, now)
    arrivals = note_arrivals(documents, "move_in", by=by, channel=channel, at=now)
    for place in dict.fromkeys(before.values()):
        if settings := newly_on(to.id, place):
            from_there = [one for one in documents if before[one.id] == place]
            _plan(from_there, arrivals, settings)
    cover_again([document.id for document in documents], why="moved_out")
    told = [
        (
            one,
            {"name": one.name, "before": str(before[one.id]), "folder": str(to.id)}
            | ({"was": was[one.id]} if was[one.id] != one.name else {}),
        )
        for one in documents
    ]
    note_documents("moved", told, by)


def _plan(
    documents: Sequence[Document],
    arrivals: Mapping[uuid.UUID, dict[str, Any]],
    settings: list[Effective],
) -> None:
    """Nothing more is read of those that have been sent already."""
    versions = {one.id: arrivals[one.id]["version_id"] for one in documents}
    due = may_be_due(versions.values(), [setting.key for setting in settings])
    those = [one for one in documents if versions[one.id] in due]
    if those:
        planning.arrivals(came(those, arrivals), settings, "move_in")


def name_before(move: Entry, moved: Document | Folder) -> str | None:
    """What it was called, where the move gave it the name that it has still."""
    details = move.details
    return details.get("was") if details["name"] == moved.name else None


def _name_before_move(moved: Document | Folder, by: Person | None) -> str | None:
    """What it was called before the last move. Raises Refused when somebody else
    has moved it on."""
    if isinstance(moved, Document):
        whose = [Entry.document_id == moved.id, Entry.verb == "moved"]
    else:
        whose = [
            Entry.company_id == moved.company_id,
            Entry.verb == "folder_moved",
            Entry.details["folder"].as_string() == str(moved.id),
        ]
    newest = select(Entry).where(*whose).order_by(Entry.id.desc()).limit(1)
    move = db.session.scalar(newest)
    if move and by and move.actor_id != by.id:
        raise Refused(
            moved_since()
            if isinstance(moved, Document)
            else _("Somebody else has just moved this folder. Look again.")
        )
    return name_before(move, moved) if move else None


def move_folder(
    folder: Folder, to: Folder | None, *, by: Person | None, is_back: bool = False
) -> None:
    """Under another folder, or to the top (None). Its content is not due for that.
    `is_back`: as for a document."""
    lock_company(folder.company_id, exclusive=True)
    take_folder(folder)
    if to is not None:
        if folder in living(to, folder.company_id):
            raise Refused(_("A folder cannot be moved into itself."), "parent")
        holding(to, folder.company_id, "parent", levels=_levels(folder))
    parent_id = to.id if to else None
    if folder.parent_id == parent_id:
        return
    before, was = folder.parent_id, folder.name
    wanted = (is_back and _name_before_move(folder, by)) or folder.name
    folder.name = free_folder_name(folder, parent_id, wanted)
    folder.parent_id = parent_id
    folder.moved_at = database_now()
    db.session.flush()
    cover_again(_documents_in(folder), why="moved_out")
    note_folder(
        "folder_moved",
        folder,
        by,
        before=str(before) if before else None,
        parent=str(parent_id) if parent_id else None,
        **({"was": was} if was != folder.name else {}),
    )


def _levels(folder: Folder) -> int:
    """Of folders in one another, from this one down."""
    inside = subtree(folder.id)
    below: dict[uuid.UUID | None, list[uuid.UUID]] = defaultdict(list)
    for one, parent_id in db.session.execute(
        select(Folder.id, Folder.parent_id).join(inside, inside.c.id == Folder.id)
    ):
        below[parent_id].append(one)
    levels, level = 0, [folder.id]
    while level:
        levels += 1
        level = [child for one in level for child in below[one]]
    return levels


@dataclass(frozen=True)
class Concerned:
    """What a move of a folder would mean: documents that are there and will not leave
    for being moved, and the settings that are on at the new place only."""

    documents: int
    switched_on: list[Effective]


def concerned(folder: Folder, to: Folder | None) -> Concerned:
    """For the firm's dialog; reads only."""
    new = newly_on(to.id, folder.id) if to else []
    return Concerned(documents_under(folder), new)


def documents_under(folder: Folder, but: Iterable[uuid.UUID] = ()) -> int:
    """How many go where the folder goes; `but` those in these folders."""
    there = _documents_in(folder).where(
        Document.trashed_at.is_(None), Document.folder_id.not_in(list(but))
    )
    return db.session.scalar(select(func.count()).select_from(there.subquery())) or 0


def _documents_in(folder: Folder) -> Select[uuid.UUID]:
    """A query, not their ids: there may be more than a statement takes."""
    inside = subtree(folder.id)
    return select(Document.id).where(Document.folder_id.in_(select(inside.c.id)))
