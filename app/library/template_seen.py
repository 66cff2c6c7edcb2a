"""The folders of a company as a template looks at them, and who sees what is there."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import func, select

from app.db import db
from app.library.models import Document, Folder
from app.library.template_nodes import Node

# Kinds of which there may be many side by side: the name alone tells them apart.
OF_MANY = frozenset({"plain", "month", "fiscal_year"})


class Seen:
    """All folders of one company, those in the trash included."""

    def __init__(self, folders: Iterable[Folder]) -> None:
        self._below: dict[uuid.UUID | None, list[Folder]] = defaultdict(list)
        for folder in folders:
            self._below[folder.parent_id].append(folder)

    def below(self, parent_id: uuid.UUID | None) -> list[Folder]:
        return self._below[parent_id]

    def of_kind(self, kind: str) -> Folder | None:
        """Wherever it lies."""
        return next((folder for folder in self.every() if folder.kind == kind), None)

    def every(self) -> list[Folder]:
        return [folder for folders in self._below.values() for folder in folders]

    def match(
        self, node: Node, parent_id: uuid.UUID | None, siblings: Collection[Node]
    ) -> Folder | None:
        """By name, else by kind unless another node there has that name; one that is
        alive before one in the trash."""
        there = sorted(self._below[parent_id], key=lambda f: f.trashed_at is not None)
        for folder in there:
            if _same(folder.name, node.name):
                return folder
        if node.kind in OF_MANY:
            return None
        named = {other.name.casefold() for other in siblings}
        first = next(other for other in siblings if other.kind == node.kind)
        if first is not node:
            return None  # the second bank of a template is a new one
        return next(
            (
                folder
                for folder in there
                if folder.kind == node.kind and folder.name.casefold() not in named
            ),
            None,
        )

    def open_to_clients(self, instead: Mapping[uuid.UUID, str]) -> set[uuid.UUID]:
        """The folders that clients see, with these visibilities in place of theirs."""
        found: set[uuid.UUID] = set()
        waiting = list(self._below[None])
        while waiting:
            folder = waiting.pop()
            if instead.get(folder.id, folder.visibility) == "firm_only":
                continue
            found.add(folder.id)
            waiting.extend(self._below[folder.id])
        return found


def document_counts(company_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How many documents lie in each folder, those in the trash apart."""
    rows = db.session.execute(
        select(Document.folder_id, func.count())
        .where(Document.company_id.in_(company_ids), Document.trashed_at.is_(None))
        .group_by(Document.folder_id)
    )
    return dict(rows.all())


def _same(name: str, other: str) -> bool:
    return name.casefold() == other.casefold()
