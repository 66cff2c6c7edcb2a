"""The firm's marks on the tree: which folders send to an application, or were cut.

They come with the folders of the page, in the same query, whatever the tree's size.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, select

from app.companies.models import Company
from app.connectors import apps
from app.connectors.models import Connection, FolderSwitch
from app.connectors.reach import subtree
from app.db import db
from app.library.models import Folder
from app.texts import gettext as _

Which = tuple[uuid.UUID, str]  # connection and slot


@dataclass(frozen=True)
class Mark:
    """`is_cut`: switched off here, under a folder that is on."""

    label: str
    is_cut: bool = False


@dataclass(frozen=True)
class Settings:
    """Explicit settings by folder; what a folder inherits is carried down the tree."""

    of: Mapping[uuid.UUID, Mapping[Which, bool]] = field(default_factory=dict)
    names: Mapping[Which, str] = field(default_factory=dict)

    def at(self, path: list[Folder]) -> dict[Which, bool]:
        """What stands at the last folder of the path."""
        stands: dict[Which, bool] = {}
        for folder in path:
            stands |= self.of.get(folder.id, {})
        return stands

    def mark(
        self, folder_id: uuid.UUID, inherited: Mapping[Which, bool]
    ) -> tuple[Mark | None, dict[Which, bool]]:
        """The folder's mark, and what those below inherit."""
        here = self.of.get(folder_id, {})
        stands = {**inherited, **here}
        if on := self._named(which for which, is_on in stands.items() if is_on):
            return Mark(_("connected to %(apps)s", apps=on)), stands
        cut = (w for w, is_on in here.items() if not is_on and inherited.get(w))
        if off := self._named(cut):
            return Mark(_("%(apps)s cut here", apps=off), is_cut=True), stands
        return None, stands

    def _named(self, which: Iterable[Which]) -> str:
        return ", ".join(sorted({self.names[one] for one in which}))


COLUMNS = (
    FolderSwitch.folder_id,
    FolderSwitch.connection_id,
    FolderSwitch.slot,
    FolderSwitch.is_on,
    Connection.app_key,
)
_IS_OPEN = FolderSwitch.closed_at.is_(None)
_IS_AUTHORISED = (Connection.id == FolderSwitch.connection_id) & (
    Connection.revoked_at.is_(None)
)


def with_settings(folders: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """The query of folders, with COLUMNS of each one's own settings, or NULLs."""
    is_its_own = (FolderSwitch.folder_id == Folder.id) & _IS_OPEN
    return (
        folders.add_columns(*COLUMNS)
        .outerjoin(FolderSwitch, is_its_own)
        .outerjoin(Connection, _IS_AUTHORISED)
    )


def settings_of(company: Company) -> Settings:
    return settings_from(
        db.session.execute(
            select(*COLUMNS)
            .join(Connection, _IS_AUTHORISED)
            .where(FolderSwitch.company_id == company.id, _IS_OPEN)
        )
    )


def settings_from(rows: Iterable[Sequence[Any]]) -> Settings:
    """Of rows that are COLUMNS; those of no authorised connection say nothing."""
    found = [row for row in rows if row[-1]]
    called = {key: app.name for *_rest, key in found if (app := apps.find(key))}
    of: dict[uuid.UUID, dict[Which, bool]] = {}
    names: dict[Which, str] = {}
    for folder_id, connection_id, slot, is_on, key in found:
        if key in called:
            names[connection_id, slot] = called[key]
            of.setdefault(folder_id, {})[connection_id, slot] = is_on
    return Settings(of, names)


def marks_below(company: Company, path: list[Folder]) -> dict[uuid.UUID, Mark]:
    """The marks of the last folder of the path and of all that lie below it."""
    settings = settings_of(company)
    inside = subtree(path[-1].id)
    below: dict[uuid.UUID | None, list[uuid.UUID]] = {}
    for folder_id, parent_id in db.session.execute(
        select(Folder.id, Folder.parent_id).join(inside, inside.c.id == Folder.id)
    ):
        below.setdefault(parent_id, []).append(folder_id)
    marks: dict[uuid.UUID, Mark] = {}
    to_do = [(path[-1].id, settings.at(path[:-1]))]
    while to_do:
        folder_id, inherited = to_do.pop()
        mark, stands = settings.mark(folder_id, inherited)
        if mark:
            marks[folder_id] = mark
        to_do += [(child, stands) for child in below.get(folder_id, [])]
    return marks
