"""The tree as one person sees it, open along the way to the current folder.

For the firm, folders that are switched on or cut carry a mark.
"""

import uuid
from dataclasses import dataclass, field
from typing import Any

from flask import url_for
from sqlalchemy import (
    ColumnElement,
    Select,
    case,
    func,
    select,
)
from sqlalchemy.orm import aliased

from app.companies.models import Company
from app.connectors.models import FolderSwitch
from app.db import db
from app.library.models import Folder
from app.library.tree import Sight


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
    connector: str | None
    children_url: str
    children: list["Node"] = field(default_factory=list)


ICONS = {
    "inbox": "inbox",
    "fiscal_year": "calendar",
    "social": "users",
    "legal": "gavel",
    "firm": "lock",
}


def tree(company: Company, path: list[Folder], sight: Sight) -> list[Node]:
    """The top of the tree, open along the path to the current folder."""
    open_ids = [folder.id for folder in path]
    branch = Branch(company, sight, open_ids, _children(company, [None, *open_ids]))
    return branch.nodes(None, level=1, inherited=None)


def children(company: Company, path: list[Folder], sight: Sight) -> list[Node]:
    """What lies right below the last folder of the path."""
    marks = _marks([folder.id for folder in path]) if sight.firm_side else {}
    explicit = [marks[folder.id] for folder in path if folder.id in marks]
    branch = Branch(company, sight, [], _children(company, [path[-1].id]))
    return branch.nodes(
        path[-1].id, len(path) + 1, inherited=explicit[-1] if explicit else None
    )


@dataclass(frozen=True)
class Child:
    """A folder with what the tree must know of it."""

    folder: Folder
    has_children: bool
    is_on: bool | None  # by a setting of its own


def _children(
    company: Company, parents: list[uuid.UUID | None]
) -> dict[uuid.UUID | None, list[Child]]:
    below = aliased(Folder)
    has_children = (
        select(below.id)
        .where(below.parent_id == Folder.id, below.trashed_at.is_(None))
        .exists()
    )
    wanted: ColumnElement[bool] = Folder.parent_id.in_([p for p in parents if p])
    if None in parents:
        wanted = wanted | Folder.parent_id.is_(None)
    setting = _setting(FolderSwitch.folder_id == Folder.id).scalar_subquery()
    found: dict[uuid.UUID | None, list[Child]] = {}
    for folder, more, is_on in db.session.execute(
        select(Folder, has_children, setting)
        .where(Folder.company_id == company.id, Folder.trashed_at.is_(None), wanted)
        .order_by(Folder.position, Folder.name)
    ):
        child = Child(folder, more, None if is_on is None else bool(is_on))
        found.setdefault(folder.parent_id, []).append(child)
    return found


def _setting(where: ColumnElement[bool]) -> Select[int]:
    """1 when any application is on by an explicit setting, 0 when all are cut."""
    is_on = case((FolderSwitch.is_on, 1), else_=0)
    return select(func.max(is_on)).where(where, FolderSwitch.closed_at.is_(None))


def _marks(folder_ids: list[uuid.UUID]) -> dict[uuid.UUID, bool]:
    where = FolderSwitch.folder_id.in_(folder_ids)
    found = db.session.execute(
        _setting(where)
        .add_columns(FolderSwitch.folder_id)
        .group_by(FolderSwitch.folder_id)
    )
    return {folder_id: bool(is_on) for is_on, folder_id in found}


@dataclass(frozen=True)
class Branch:
    """The walk down the folders that were found, as one person sees them."""

    company: Company
    sight: Sight
    open_ids: list[uuid.UUID]
    found: dict[uuid.UUID | None, list[Child]]

    def nodes(
        self, parent_id: uuid.UUID | None, level: int, inherited: bool | None
    ) -> list[Node]:
        nodes = []
        for child in self.found.get(parent_id, []):
            if not self.sight.allows(child.folder):
                continue
            is_on = inherited if child.is_on is None else child.is_on
            node = self.node(child, level, is_on)
            if node.is_open:
                node.children = self.nodes(child.folder.id, level + 1, is_on)
            nodes.append(node)
        return nodes

    def node(self, child: Child, level: int, is_on: bool | None) -> Node:
        folder = child.folder
        here: dict[str, Any] = {"slug": self.company.slug, "folder_id": folder.id}
        is_open = folder.id in self.open_ids
        mark = None if is_on is None else ("on" if is_on else "cut")
        if mark == "cut" and child.is_on is None:
            mark = None  # only the folder where it was cut is marked
        return Node(
            id=folder.id,
            name=folder.name,
            url=url_for("library.show", **here),
            icon=ICONS.get(folder.kind, "folder-open" if is_open else "folder"),
            level=level,
            is_open=is_open and child.has_children,
            is_current=bool(self.open_ids) and folder.id == self.open_ids[-1],
            has_children=child.has_children,
            is_locked=folder.visibility == "firm_only",
            connector=mark if self.sight.firm_side else None,
            children_url=url_for("library.nodes", **here),
        )
