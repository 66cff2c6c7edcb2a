"""The tree as one person sees it, open along the way to the current folder.

For the firm, folders that are switched on or cut carry a mark.
"""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from flask import url_for
from sqlalchemy import ColumnElement, Select, Uuid, bindparam, literal, select
from sqlalchemy.orm import aliased

from app.companies.models import Company
from app.db import db
from app.library.marks import (
    Mark,
    Settings,
    Which,
    settings_from,
    settings_of,
    with_settings,
)
from app.library.models import Folder
from app.library.tree import Sight
from app.library.unread import bound, counts
from app.people.models import Person


@dataclass
class Node:
    id: uuid.UUID
    name: str
    url: str
    icon: str
    level: int
    is_open: bool
    is_current: bool
    has_children: bool
    is_locked: bool
    is_closed: bool  # not to be filed into by this person
    mark: Mark | None  # for the firm only
    unread: int  # for this person, in the folder itself
    unread_whole: int  # with all that lies below
    children_url: str
    children: list["Node"] = field(default_factory=list)


ICONS = {
    "inbox": "inbox",
    "fiscal_year": "calendar",
    "social": "users",
    "legal": "gavel",
    "firm": "lock",
}


def tree(
    company: Company, path: list[Folder], sight: Sight, reader: Person | None = None
) -> list[Node]:
    """The top of the tree, open along the path to the current folder; with what is new
    for the reader."""
    open_ids = [folder.id for folder in path]
    found, settings = _read(company, open_ids, sight, reader, "below and at the top")
    here = open_ids[-1] if open_ids else None
    branch = Branch(sight, open_ids, here, found, settings, _root_url(company))
    return branch.nodes(None, 1, {})


def ways_down(
    company: Company,
    ways: Collection[list[Folder]],
    here: uuid.UUID,
    sight: Sight,
    reader: Person | None = None,
) -> list[Node]:
    """The tree of these folders alone, each open as far as a way leads on."""
    ids = {folder.id for way in ways for folder in way}
    open_ids = {folder.id for way in ways for folder in way[:-1]}
    found, settings = _read(company, ids, sight, reader, "these")
    branch = Branch(sight, open_ids, here, found, settings, _root_url(company))
    return branch.nodes(None, 1, {})


def children(
    company: Company, path: list[Folder], sight: Sight, reader: Person | None = None
) -> list[Node]:
    """What lies right below the last folder of the path."""
    found, settings = _read(company, [path[-1].id], sight, reader, "below")
    if sight.firm_side:
        settings = settings_of(company)  # what stands above counts too
    branch = Branch(sight, (), None, found, settings, _root_url(company))
    return branch.nodes(path[-1].id, len(path) + 1, settings.at(path))


def _root_url(company: Company) -> str:
    return url_for("library.root", slug=company.slug)


@dataclass(frozen=True)
class Child:
    """A folder with what the tree must know of it."""

    folder: Folder
    has_children: bool
    unread: int
    unread_whole: int


Wanted = Literal["these", "below", "below and at the top"]


def _read(
    company: Company,
    ids: Collection[uuid.UUID],
    sight: Sight,
    reader: Person | None,
    which: Wanted,
) -> tuple[dict[uuid.UUID | None, list[Child]], Settings]:
    """The folders by their parent; for the firm, with the settings of each."""
    rows = db.session.execute(
        _asked(sight, which, has_reader=reader is not None),
        {"company_id": company.id, "folder_ids": list(ids)} | bound(reader),
    ).all()
    seen: dict[uuid.UUID, Child] = {}
    for folder, more, own, whole, *_setting in rows:
        seen.setdefault(folder.id, Child(folder, more, int(own or 0), int(whole or 0)))
    found: dict[uuid.UUID | None, list[Child]] = {}
    for child in seen.values():
        found.setdefault(child.folder.parent_id, []).append(child)
    settings = settings_from(row[4:] for row in rows) if sight.firm_side else Settings()
    return found, settings


@lru_cache(maxsize=64)
def _asked(
    sight: Sight, which: Wanted, *, has_reader: bool
) -> Select[*tuple[Any, ...]]:
    """Of company_id, the folders of folder_ids, or those that lie in them."""
    company_id = bindparam("company_id", type_=Uuid())
    below = aliased(Folder)
    has_children = (
        select(below.id)
        .where(below.parent_id == Folder.id, below.trashed_at.is_(None))
        .where(~sight.forbids(below))
        .exists()
    )
    column = Folder.id if which == "these" else Folder.parent_id
    wanted: ColumnElement[bool] = column.in_(bindparam("folder_ids", expanding=True))
    if which == "below and at the top":
        wanted = wanted | Folder.parent_id.is_(None)
    folders: Select[*tuple[Any, ...]] = (
        select(Folder, has_children)
        .where(Folder.company_id == company_id, Folder.trashed_at.is_(None), wanted)
        .order_by(Folder.position, Folder.name)
    )
    if has_reader:
        news = counts(company_id, sight)
        folders = folders.add_columns(news.c.own, news.c.whole).outerjoin(
            news, news.c.id == Folder.id
        )
    else:
        folders = folders.add_columns(literal(0), literal(0))
    return with_settings(folders) if sight.firm_side else folders


@dataclass(frozen=True)
class Branch:
    """The walk down the folders that were found, as one person sees them."""

    sight: Sight
    open_ids: Collection[uuid.UUID]
    here: uuid.UUID | None  # the current folder
    found: dict[uuid.UUID | None, list[Child]]
    settings: Settings
    root_url: str  # of the company, before the addresses of its folders

    def nodes(
        self, parent_id: uuid.UUID | None, level: int, inherited: Mapping[Which, bool]
    ) -> list[Node]:
        nodes = []
        for child in self.found.get(parent_id, []):
            if not self.sight.allows(child.folder):
                continue
            mark, stands = self.settings.mark(child.folder.id, inherited)
            node = self.node(child, level, mark)
            if node.is_open:
                node.children = self.nodes(child.folder.id, level + 1, stands)
            nodes.append(node)
        return nodes

    def node(self, child: Child, level: int, mark: Mark | None) -> Node:
        folder = child.folder
        url = f"{self.root_url}/folders/{folder.id}"
        is_open = folder.id in self.open_ids
        return Node(
            id=folder.id,
            name=folder.name,
            url=url,
            icon=ICONS.get(folder.kind, "folder-open" if is_open else "folder"),
            level=level,
            is_open=is_open and child.has_children,
            is_current=folder.id == self.here,
            has_children=child.has_children,
            is_locked=folder.visibility == "firm_only",
            is_closed=not self.sight.may_deposit_in(folder),
            mark=mark,
            unread=child.unread,
            unread_whole=child.unread_whole,
            children_url=f"{url}/nodes",
        )
