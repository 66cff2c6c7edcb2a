"""The tree of a company: made from a template, walked up, and looked into.

Rights: clients see shared and read-only folders, never what is (or lies in) a
firm-only one; a company user does not see Social nor Banque.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from babel.dates import get_month_names
from sqlalchemy import CTE, ColumnElement, Select, bindparam, false, select
from sqlalchemy.orm import aliased

from app.companies.models import Company, FiscalYear
from app.db import db, new_id
from app.library.models import Folder
from app.library.template_nodes import ACCOUNTING, Node, nodes_of
from app.people.models import Membership, Person

HIDDEN_FROM_USERS = ("social", "bank")
MOST_LEVELS = 60
A_YEAR = 12  # months


@dataclass(frozen=True)
class Sight:
    """What a person may see of a tree."""

    firm_side: bool
    hides: tuple[str, ...] = ()
    # Of an archived company: nobody changes anything there.
    is_frozen: bool = False

    def allows(self, folder: Folder) -> bool:
        if self.firm_side:
            return True
        return folder.visibility != "firm_only" and folder.kind not in self.hides

    def forbids(self, folder: Any) -> ColumnElement[bool]:
        """The contrary in SQL, of Folder or of an alias of it."""
        if self.firm_side:
            return false()
        is_hidden: ColumnElement[bool] = folder.visibility == "firm_only"
        return is_hidden | folder.kind.in_(self.hides) if self.hides else is_hidden

    @property
    def sees_all_that_is_shared(self) -> bool:
        return self.firm_side or not self.hides

    def may_deposit_in(self, folder: Folder) -> bool:
        if self.is_frozen:
            return False
        return self.firm_side or folder.visibility == "shared"


def sight_of(role: str, company: Company) -> Sight:
    """By the role in the company: firm_admin, staff, company_manager, company_user."""
    is_frozen = company.archived_at is not None
    if role in {"firm_admin", "staff"}:
        return Sight(firm_side=True, is_frozen=is_frozen)
    hides = HIDDEN_FROM_USERS if role == "company_user" else ()
    return Sight(firm_side=False, hides=hides, is_frozen=is_frozen)


def sight_of_person(person: Person, company: Company) -> Sight:
    """The same without a request: by the person, who may have left meanwhile; then
    they see as little as anybody there."""
    if not person.is_client:
        return sight_of(str(person.role), company)
    role = db.session.scalar(
        select(Membership.role)
        .where(
            Membership.person_id == person.id,
            Membership.company_id == company.id,
            Membership.role != "staff",
        )
        .execution_options(across_firms=True)
    )
    return sight_of(role or "company_user", company)


def plant(company: Company) -> None:
    """The folders of the template, without fiscal years; flushed."""
    for position, node in enumerate(nodes_of(company)):
        folder = add(company, None, node, position)
        if node.kind != ACCOUNTING:
            _below(company, folder, node)
    db.session.flush()


def plant_year(company: Company, year: FiscalYear) -> Folder:
    """The folders of a fiscal year, with a folder for each of its months; flushed."""
    nodes = nodes_of(company)
    at, top = next(pair for pair in enumerate(nodes) if pair[1].kind == ACCOUNTING)
    root = root_of_years(company) or add(company, None, top, at)
    # The newest year comes first.
    named = Node(_year_name(year, root), "fiscal_year", root.visibility)
    exercise = add(company, root, named, -year.ends_on.year)
    for position, node in enumerate(top.children):
        folder = add(company, exercise, node, position)
        _below(company, folder, node, year)
    db.session.flush()
    return exercise


def root_of_years(company: Company) -> Folder | None:
    """Where the fiscal years are; one in the trash where there is no other."""
    return db.session.scalar(
        select(Folder)
        .where(Folder.company_id == company.id, Folder.kind == ACCOUNTING)
        .order_by(Folder.trashed_at.is_not(None), Folder.created_at)
        .limit(1)
    )


def add(company: Company, parent: Folder | None, node: Node, position: int) -> Folder:
    """A folder as the node says; not flushed."""
    folder = Folder(
        id=new_id(),
        firm_id=company.firm_id,
        company_id=company.id,
        parent_id=parent.id if parent else None,
        name=node.name,
        kind=node.kind,
        position=position,
        visibility=node.visibility,
        is_locked=node.is_locked,
    )
    db.session.add(folder)
    return folder


def month_nodes(node: Node, year: FiscalYear | None) -> list[Node]:
    """What the year's months are in the folder of the node; open and closed with it."""
    months = _months(year) if node.monthly and year else []
    return [
        Node(_month_name(month, len(months) > A_YEAR), "month", node.visibility)
        for month in months
    ]


def _below(
    company: Company, folder: Folder, node: Node, year: FiscalYear | None = None
) -> None:
    for position, child in enumerate(node.children):
        _below(company, add(company, folder, child, position), child, year)
    for number, month in enumerate(month_nodes(node, year), len(node.children)):
        add(company, folder, month, number)


def _year_name(year: FiscalYear, root: Folder) -> str:
    """«Exercice 2026»; two that end in one year are told apart."""
    name = f"Exercice {year.label}"
    taken = select(Folder.id).where(Folder.parent_id == root.id, Folder.name == name)
    if db.session.scalar(taken.limit(1)):
        name += f" (au {year.ends_on:%d-%m-%Y})"
    return name


def chain(
    folder_id: uuid.UUID, company_id: uuid.UUID, *, afresh: bool = False
) -> list[Folder]:
    """The folder and those above it, root first; empty where there is none alive.

    `afresh`: as they are now, whatever of them was read before a lock was waited for.
    """
    found = db.session.scalars(
        _asked_chain(),
        {"folder_id": folder_id, "company_id": company_id},
        execution_options={"populate_existing": afresh},
    )
    return alive_way(folder_id, found)


def alive_way(folder_id: uuid.UUID, folders: Iterable[Folder]) -> list[Folder]:
    """From the top to the folder, among these; empty where one is in the trash."""
    path = _way(folder_id, {folder.id: folder for folder in folders})
    return [] if any(folder.trashed_at for folder in path) else path


def ways_of(folder_ids: set[uuid.UUID]) -> dict[uuid.UUID, list[Folder]]:
    """The folders from the top to each of these, alive or not; one query for all."""
    found = db.session.scalars(_and_above(Folder.id.in_(folder_ids)))
    folders = {folder.id: folder for folder in found}
    return {folder_id: _way(folder_id, folders) for folder_id in folder_ids}


@cache
def _asked_chain() -> Select[Folder]:
    return _and_above(
        Folder.id == bindparam("folder_id"),
        Folder.company_id == bindparam("company_id"),
    )


def _and_above(*which: ColumnElement[bool]) -> Select[Folder]:
    """Those folders and all that they lie in."""
    above = ids_upwards(*which)
    return select(Folder).join(above, above.c.id == Folder.id)


def ids_upwards(*which: ColumnElement[bool]) -> CTE:
    """The ids of those folders and of all that they lie in."""
    start = (
        select(Folder.id, Folder.parent_id).where(*which).cte("above", recursive=True)
    )
    parent = aliased(Folder)
    return start.union(
        select(parent.id, parent.parent_id).join(start, parent.id == start.c.parent_id)
    )


def _way(folder_id: uuid.UUID, folders: dict[uuid.UUID, Folder]) -> list[Folder]:
    """From the top to the folder, among these."""
    path: list[Folder] = []
    at = folders.get(folder_id)
    # All the way: who may see it hangs on what is at the top. No ring is gone round.
    while at is not None and len(path) < len(folders):
        path.insert(0, at)
        at = folders.get(at.parent_id) if at.parent_id else None
    return path


def hidden_folders(company: Company, sight: Sight) -> Select[uuid.UUID]:
    """Ids of the folders that the person may not see, those inside them included."""
    return hidden_of(company.id, sight)


def hidden_for(person: Person, company: Company) -> Select[uuid.UUID]:
    """The same without a request, of whoever it is."""
    return hidden_folders(company, sight_of_person(person, company))


def hidden_of(company_id: Any, sight: Sight) -> Select[uuid.UUID]:
    """What `hidden_folders` gives, of the company that a statement is given."""
    start = (
        select(Folder.id)
        .where(Folder.company_id == company_id, sight.forbids(Folder))
        .cte(recursive=True)  # nameless: a statement may ask for several companies
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


def _months(year: FiscalYear) -> list[date]:
    first, last = year.starts_on.replace(day=1), year.ends_on.replace(day=1)
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [
        date(
            first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 1
        )
        for n in range(count)
    ]


def _month_name(month: date, with_year: bool) -> str:
    """«10 – Octobre»; with its year where there is another October."""
    name = get_month_names("wide", locale="fr")[month.month].capitalize()
    return f"{month.month:02d} – {name}{f' {month.year}' if with_year else ''}"
