"""The tree of a company: made from a template, walked up, and looked into.

Rights: clients see shared and read-only folders, never what is (or lies in) a
firm-only one; a company user does not see Social nor Banque.
"""

import uuid
from dataclasses import dataclass
from datetime import date

from babel.dates import get_month_names
from sqlalchemy import ColumnElement, Select, false, select
from sqlalchemy.orm import aliased

from app.companies.models import Company, FiscalYear
from app.db import db
from app.library.models import Folder

# (name, kind, visibility, below). `years` and `months` stand for what they make.
TEMPLATE: tuple[tuple[str, str, str, str], ...] = (
    ("À classer", "inbox", "shared", ""),
    ("Dossier comptable annuel", "accounting", "shared", "years"),
    ("Social", "social", "shared", ""),
    ("Juridique", "legal", "shared", ""),
    ("Administratif", "administrative", "shared", ""),
    ("Cabinet", "firm", "firm_only", ""),
)
IN_A_YEAR: tuple[tuple[str, str, bool], ...] = (
    ("Achats", "purchases", True),
    ("Ventes", "sales", True),
    ("Notes de frais", "expenses", True),
    ("Banque", "bank", True),
    ("Documents fiscaux", "tax", False),
)
HIDDEN_FROM_USERS = ("social", "bank")
MOST_LEVELS = 60


@dataclass(frozen=True)
class Sight:
    """What a person may see of a tree."""

    firm_side: bool
    hides: tuple[str, ...] = ()

    def allows(self, folder: Folder) -> bool:
        if self.firm_side:
            return True
        return folder.visibility != "firm_only" and folder.kind not in self.hides

    @property
    def sees_all_that_is_shared(self) -> bool:
        return self.firm_side or not self.hides

    def may_deposit_in(self, folder: Folder) -> bool:
        return self.firm_side or folder.visibility == "shared"


def sight_of(role: str) -> Sight:
    """By the role in the company: firm_admin, staff, company_manager, company_user."""
    if role in {"firm_admin", "staff"}:
        return Sight(firm_side=True)
    hides = HIDDEN_FROM_USERS if role == "company_user" else ()
    return Sight(firm_side=False, hides=hides)


def plant(company: Company) -> None:
    """The folders of the template, without fiscal years; flushed."""
    for position, (name, kind, visibility, _below) in enumerate(TEMPLATE):
        _add(company, None, name, kind, position, visibility)
    db.session.flush()


def plant_year(company: Company, year: FiscalYear) -> Folder:
    """The folders of a fiscal year, with a folder for each of its months; flushed."""
    root = db.session.scalars(
        select(Folder).where(
            Folder.company_id == company.id, Folder.kind == "accounting"
        )
    ).one()
    # The newest year comes first.
    exercise = _add(
        company, root, f"Exercice {year.label}", "fiscal_year", -year.ends_on.year
    )
    db.session.flush()
    for position, (name, kind, has_months) in enumerate(IN_A_YEAR):
        family = _add(company, exercise, name, kind, position)
        db.session.flush()
        for number, month in enumerate(_months(year) if has_months else []):
            _add(company, family, _month_name(month), "month", number)
    db.session.flush()
    return exercise


def chain(
    folder_id: uuid.UUID, company_id: uuid.UUID, *, afresh: bool = False
) -> list[Folder]:
    """The folder and those above it, root first; empty where there is none alive.

    `afresh`: as they are now, whatever of them was read before a lock was waited for.
    """
    start = (
        select(Folder.id, Folder.parent_id)
        .where(Folder.id == folder_id, Folder.company_id == company_id)
        .cte("above", recursive=True)
    )
    parent = aliased(Folder)
    above = start.union(
        select(parent.id, parent.parent_id).join(start, parent.id == start.c.parent_id)
    )
    folders = {
        folder.id: folder
        for folder in db.session.scalars(
            select(Folder)
            .join(above, above.c.id == Folder.id)
            .execution_options(populate_existing=afresh)
        )
    }
    path: list[Folder] = []
    at = folders.get(folder_id)
    while at is not None and len(path) <= MOST_LEVELS:
        path.insert(0, at)
        at = folders.get(at.parent_id) if at.parent_id else None
    return [] if any(folder.trashed_at for folder in path) else path


def hidden_folders(company: Company, sight: Sight) -> Select[uuid.UUID]:
    """Ids of the folders that the person may not see, those inside them included."""
    hidden: ColumnElement[bool] = Folder.visibility == "firm_only"
    if sight.firm_side:
        hidden = false()
    elif sight.hides:
        hidden = hidden | Folder.kind.in_(sight.hides)
    start = (
        select(Folder.id)
        .where(Folder.company_id == company.id, hidden)
        .cte("hidden", recursive=True)
    )
    child = aliased(Folder)
    return select(
        start.union(select(child.id).join(start, child.parent_id == start.c.id)).c.id
    )


def by_path(company: Company, path: str) -> Folder | None:
    """«Dossier comptable annuel/Exercice 2026/Achats» → that folder."""
    folder: Folder | None = None
    for name in (part.strip() for part in path.split("/")):
        folder = db.session.scalar(
            select(Folder).where(
                Folder.company_id == company.id,
                Folder.parent_id == folder.id if folder else Folder.parent_id.is_(None),
                Folder.name == name,
                Folder.trashed_at.is_(None),
            )
        )
        if folder is None:
            return None
    return folder


def _add(
    company: Company,
    parent: Folder | None,
    name: str,
    kind: str,
    position: int,
    visibility: str = "shared",
) -> Folder:
    folder = Folder(
        firm_id=company.firm_id,
        company_id=company.id,
        parent_id=parent.id if parent else None,
        name=name,
        kind=kind,
        position=position,
        visibility=visibility,
        is_locked=True,
    )
    db.session.add(folder)
    return folder


def _months(year: FiscalYear) -> list[date]:
    first, last = year.starts_on.replace(day=1), year.ends_on.replace(day=1)
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [
        date(
            first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 1
        )
        for n in range(count)
    ]


def _month_name(month: date) -> str:
    """«10 – Octobre»."""
    name = get_month_names("wide", locale="fr")[month.month]
    return f"{month.month:02d} – {name.capitalize()}"
