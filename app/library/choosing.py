"""The folders of a company that a person may file something into, in tree order."""

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from app.companies.models import Company
from app.db import db
from app.library.models import Folder
from app.library.tree import Sight


@dataclass(frozen=True)
class Choice:
    id: uuid.UUID
    name: str
    level: int
    is_open: bool  # it may be chosen


def choices(
    company: Company, sight: Sight, *, without: uuid.UUID | None = None
) -> list[Choice]:
    """`without`: a folder that is left out with all that lies in it. One query."""
    below: dict[uuid.UUID | None, list[Folder]] = {}
    for folder in db.session.scalars(
        select(Folder)
        .where(Folder.company_id == company.id, Folder.trashed_at.is_(None))
        .order_by(Folder.position, Folder.name)
    ):
        below.setdefault(folder.parent_id, []).append(folder)
    found: list[Choice] = []

    def walk(parent_id: uuid.UUID | None, level: int) -> None:
        for folder in below.get(parent_id, []):
            if folder.id == without or not sight.allows(folder):
                continue
            is_open = sight.may_deposit_in(folder)
            found.append(Choice(folder.id, folder.name, level, is_open))
            walk(folder.id, level + 1)

    walk(None, 1)
    return found
