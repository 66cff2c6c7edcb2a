"""The documents that go into a ZIP, with the paths that they have there.

What the person may not see is not there: neither named nor counted.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import abort
from sqlalchemy import ColumnElement, Select, func, select

from app.archives.safe_names import Names
from app.archives.zipping import Part, local
from app.companies.models import Company
from app.connectors.reach import subtree
from app.db import db
from app.errors import Refused
from app.formats import filesize, number
from app.library.models import Document, Folder, Version
from app.library.tree import Sight, hidden_folders
from app.storage import Storage
from app.texts import gettext as _

MOST_FILES, MOST_BYTES = 2000, 4_000_000_000


@dataclass(frozen=True)
class Item:
    path: str
    document: Document
    storage_key: str

    def part(self, storage: Storage) -> Part:
        return Part(
            self.path,
            local(self.document.arrived_at),
            self.document.size,
            lambda: storage.open(self.storage_key),
        )


def chosen(
    company: Company, sight: Sight, ids: Iterable[str], names: Names
) -> list[Item]:
    """Side by side. 404 when one of them is not the person's to see."""
    try:
        wanted = {uuid.UUID(given) for given in ids}
    except ValueError:
        abort(404)
    if not wanted:
        raise Refused(_("Choose at least one document."))
    if len(wanted) > MOST_FILES:
        raise _too_much()
    found = _read(_seen(company, sight).where(Document.id.in_(wanted)))
    if len(found) != len(wanted):
        abort(404)
    _hold_to_limits(len(found), sum(document.size for document, _key in found))
    return _items(found, {}, names)


def inside(company: Company, folder: Folder, sight: Sight, names: Names) -> list[Item]:
    """Of the folder and all that lie below it, for a download at once."""
    wanted = _seen(company, sight).where(_is_in(folder))
    counted = wanted.with_only_columns(
        func.count(), func.coalesce(func.sum(Document.size), 0)
    ).order_by(None)
    files, size = db.session.execute(counted).one()
    if not files:
        raise Refused(_("There is no document in “%(folder)s”.", folder=folder.name))
    _hold_to_limits(files, size)
    return _items(_read(wanted), _paths(company, folder, sight, names), names)


def everything(
    company: Company, folder: Folder | None, sight: Sight, names: Names
) -> list[Item]:
    """Of the company or of one folder, however much that is."""
    wanted = _seen(company, sight)
    if folder is not None:
        wanted = wanted.where(_is_in(folder))
    return _items(_read(wanted), _paths(company, folder, sight, names), names)


def _seen(company: Company, sight: Sight) -> Select[*tuple[Any, ...]]:
    return (
        select(Document, Version.storage_key)
        .join(
            Version,
            (Version.document_id == Document.id)
            & (Version.number == Document.version_number),
        )
        .where(
            Document.company_id == company.id,
            Document.trashed_at.is_(None),
            Document.folder_id.not_in(hidden_folders(company, sight)),
        )
        .order_by(Document.folder_id, Document.name, Document.id)
    )


def _is_in(folder: Folder) -> ColumnElement[bool]:
    return Document.folder_id.in_(select(subtree(folder.id).c.id))


def _read(wanted: Select[*tuple[Any, ...]]) -> list[tuple[Document, str]]:
    return [(row[0], row[1]) for row in db.session.execute(wanted)]


def _items(
    found: list[tuple[Document, str]], paths: dict[uuid.UUID, str], names: Names
) -> list[Item]:
    items = []
    for document, key in found:
        folder = paths.get(document.folder_id, "")
        items.append(Item(names.free(folder, document.name), document, key))
    return sorted(items, key=lambda item: item.path)


def _paths(
    company: Company, top: Folder | None, sight: Sight, names: Names
) -> dict[uuid.UUID, str]:
    """Where each folder that the person sees is in the ZIP («Achats/10 – Octobre/»);
    the top is its root."""
    below: dict[uuid.UUID | None, list[Folder]] = {}
    for folder in db.session.scalars(
        select(Folder)
        .where(
            Folder.company_id == company.id,
            Folder.trashed_at.is_(None),
            ~sight.forbids(Folder),
        )
        .order_by(Folder.position, Folder.name, Folder.id)
    ):
        below.setdefault(folder.parent_id, []).append(folder)
    paths = {top.id: ""} if top else {}
    walk = [(top.id if top else None, "")]
    while walk:
        parent_id, path = walk.pop()
        for folder in below.get(parent_id, []):
            paths[folder.id] = names.free(path, folder.name) + "/"
            walk.append((folder.id, paths[folder.id]))
    return paths


def _hold_to_limits(files: int, size: int) -> None:
    if files > MOST_FILES or size > MOST_BYTES:
        raise _too_much()


def _too_much() -> Refused:
    return Refused(
        _(
            "That is more than %(files)s documents or %(size)s at once: ask for an "
            "archive of the company, which is made for you.",
            files=number(MOST_FILES),
            size=filesize(MOST_BYTES),
        )
    )
