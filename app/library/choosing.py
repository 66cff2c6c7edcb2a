"""The folders of a company, for a person to choose one that something goes to."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from app.companies.models import Company
from app.db import db
from app.library.marks import Mark, Settings, Which, settings_of
from app.library.models import Folder
from app.library.navigation import ICONS
from app.library.tree import Sight


@dataclass(frozen=True)
class Choice:
    id: uuid.UUID
    name: str
    icon: str
    is_here: bool
    may_be_chosen: bool
    mark: Mark | None  # for the firm only
    below: list["Choice"] = field(default_factory=list)

    @property
    def leads_here(self) -> bool:
        """Whether the present folder lies somewhere below it."""
        return any(choice.is_here or choice.leads_here for choice in self.below)


def choices(
    company: Company,
    sight: Sight,
    *,
    here: uuid.UUID | None,
    but_here: bool,
    without: uuid.UUID | None = None,
) -> list[Choice]:
    """The tree as the person sees it. `but_here`: where it is already is no choice;
    `without`: a folder that is left out with all that lies in it."""
    below: dict[uuid.UUID | None, list[Folder]] = {}
    for folder in db.session.scalars(
        select(Folder)
        .where(Folder.company_id == company.id, Folder.trashed_at.is_(None))
        .order_by(Folder.position, Folder.name)
    ):
        below.setdefault(folder.parent_id, []).append(folder)
    settings = settings_of(company) if sight.firm_side else Settings()

    def under(
        parent_id: uuid.UUID | None, inherited: Mapping[Which, bool]
    ) -> list[Choice]:
        found = []
        for folder in below.get(parent_id, []):
            if folder.id == without or not sight.allows(folder):
                continue
            mark, stands = settings.mark(folder.id, inherited)
            is_here = folder.id == here
            found.append(
                Choice(
                    id=folder.id,
                    name=folder.name,
                    icon=ICONS.get(folder.kind, "folder"),
                    is_here=is_here,
                    may_be_chosen=sight.may_deposit_in(folder)
                    and not (is_here and but_here),
                    mark=mark,
                    below=under(folder.id, stands),
                )
            )
        return found

    return under(None, {})
