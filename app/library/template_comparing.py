"""The tree of a company beside its template: what is missing, what is otherwise.

A folder is that of a node by its name, else by what it is for. One that lies in the
trash is left there. New folders come in fiscal years that are not over (else in the
last one); a change of who sees them comes in every year.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from zlib import crc32

from app.companies.models import Company, FiscalYear
from app.db import new_id
from app.formats import today
from app.library.models import Folder
from app.library.template_nodes import ACCOUNTING, Node, Nodes
from app.library.template_seen import Seen
from app.library.tree import month_nodes
from app.library.year_folders import folder_among


@dataclass(frozen=True)
class Missing:
    """A folder to be made."""

    id: uuid.UUID
    parent_id: uuid.UUID | None
    node: Node
    position: int
    path: str


@dataclass(frozen=True)
class Change:
    folder_id: uuid.UUID
    path: str
    visibility: str
    is_locked: bool


@dataclass
class Work:
    """What the template would do in one company."""

    company: Company
    missing: list[Missing] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    shown: int = 0  # documents that clients would see from then on
    hidden: int = 0  # that they would not see any more

    @property
    def is_needed(self) -> bool:
        return bool(self.missing or self.changes)

    @property
    def mark(self) -> str:
        """Short for all of it: to see whether it is still the same."""
        told = (
            [each.path for each in self.missing],
            [(str(c.folder_id), c.visibility, c.is_locked) for c in self.changes],
            (self.shown, self.hidden),
        )
        return f"{crc32(repr(told).encode()):08x}"


class Walk:
    """Down the template and the tree of a company, side by side."""

    def __init__(self, work: Work, seen: Seen, years: list[FiscalYear]) -> None:
        self.work, self.seen, self.years = work, seen, years
        self.visible: dict[uuid.UUID, str] = {}
        self.matched: set[uuid.UUID] = set()
        # (folder, its path, visibility before, and from now on)
        self.turned: list[tuple[Folder, str, str, str]] = []

    def go(self, nodes: Nodes) -> None:
        self._from_the_top(nodes)
        for turned in self.turned:
            self._followers(*turned)

    def _from_the_top(self, nodes: Nodes) -> None:
        for position, node in enumerate(nodes):
            folder = self.seen.match(node, None, nodes)
            if folder is None and node.kind == ACCOUNTING:
                folder = self.seen.of_kind(ACCOUNTING)
            if folder is None:
                self._make(node, None, position, "", None)
            elif folder.trashed_at is None:
                self._settle(node, folder, folder.name)
                if node.kind == ACCOUNTING:
                    self._in_years(node, folder)
                else:
                    self._below(node, folder, folder.name, None, makes=True)

    def _in_years(self, top: Node, root: Folder) -> None:
        every = self.seen.every()
        of = {folder_among(year, every, self.years): year for year in self.years}
        for folder in self.seen.below(root.id):
            year = of.get(folder)
            if folder.trashed_at is None and year:
                path = f"{root.name}/{folder.name}"
                own = Node(folder.name, folder.kind, top.visibility, folder.is_locked)
                self._settle(own, folder, path)
                self._below(top, folder, path, year, makes=self._is_open(year))

    def _is_open(self, year: FiscalYear) -> bool:
        newest = max(other.ends_on for other in self.years)
        return year.ends_on >= today() or (newest < today() and year.ends_on == newest)

    def _below(
        self,
        node: Node,
        folder: Folder,
        path: str,
        year: FiscalYear | None,
        *,
        makes: bool,
    ) -> None:
        months = month_nodes(node, year) if node.kind != ACCOUNTING else []
        wanted = (*node.children, *months)
        for position, child in enumerate(wanted):
            there = self.seen.match(child, folder.id, wanted)
            if there is None:
                if makes:
                    self._make(child, folder.id, position, path, year)
            elif there.trashed_at is None:
                here = f"{path}/{there.name}"
                self._settle(child, there, here)
                self._below(child, there, here, year, makes=makes)

    def _make(
        self,
        node: Node,
        parent_id: uuid.UUID | None,
        position: int,
        path: str,
        year: FiscalYear | None,
    ) -> None:
        here = f"{path}/{node.name}".lstrip("/")
        made = Missing(new_id(), parent_id, node, position, here)
        self.work.missing.append(made)
        if node.kind == ACCOUNTING:
            return  # its years are opened in the settings of the company
        for number, child in enumerate((*node.children, *month_nodes(node, year))):
            self._make(child, made.id, number, here, year)

    def _settle(self, node: Node, folder: Folder, path: str) -> None:
        self.matched.add(folder.id)
        before = folder.visibility
        if (before, folder.is_locked) != (node.visibility, node.is_locked):
            self._change(folder, path, node.visibility, node.is_locked)
        if before != node.visibility:
            self.turned.append((folder, path, before, node.visibility))

    def _followers(self, folder: Folder, path: str, before: str, now: str) -> None:
        """What else lies in it was open as it was, and goes on being so."""
        for child in self.seen.below(folder.id):
            if child.visibility == before and child.id not in self.matched:
                here = f"{path}/{child.name}"
                self._change(child, here, now, child.is_locked)
                self._followers(child, here, before, now)

    def _change(self, folder: Folder, path: str, visibility: str, locked: bool) -> None:
        self.work.changes.append(Change(folder.id, path, visibility, locked))
        self.visible[folder.id] = visibility

    def count(self, counts: Mapping[uuid.UUID, int]) -> None:
        """The documents that clients see more or less afterwards."""
        if not self.visible:
            return
        before, after = (
            self.seen.open_to_clients({}),
            self.seen.open_to_clients(self.visible),
        )
        self.work.shown = sum(counts.get(each, 0) for each in after - before)
        self.work.hidden = sum(counts.get(each, 0) for each in before - after)
