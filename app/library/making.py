"""A new folder. The caller commits."""

import uuid

from sqlalchemy import func, select

from app.companies.finding import still_open
from app.companies.models import Company
from app.db import db, new_id
from app.library.models import Folder
from app.library.noting import note_folder
from app.library.renaming import cleaned
from app.library.taking import free_folder_name, holding
from app.locks import lock_company
from app.people.models import Person


def make_folder(
    company: Company,
    parent: Folder | None,
    name: str,
    *,
    by: Person | None,
    once: str = "",
) -> Folder:
    """Behind those that are there; a name that is taken there gets a number. The same
    `once` with the same name gives the folder that it has made before, if that is still
    there."""
    lock_company(company.id, exclusive=True)
    if parent is not None:
        [*_above, parent] = holding(parent, company.id, "name")
    parent_id = parent.id if parent else None
    name = cleaned(name)
    still_open(company.id)
    folder_id = _id_of(once, parent_id or company.id, name)
    if once and (made := _made_before(folder_id, company)):
        if made.trashed_at is None and made.parent_id == parent_id:
            return made
        folder_id = new_id()
    folder = Folder(
        id=folder_id,
        firm_id=company.firm_id,
        company_id=company.id,
        parent_id=parent_id,
        visibility=parent.visibility if parent else "shared",
    )
    folder.name = free_folder_name(folder, parent_id, name)
    folder.position = _behind(folder)
    db.session.add(folder)
    db.session.flush()
    above = str(parent_id) if parent_id else None
    note_folder("folder_made", folder, by, parent=above)
    return folder


def _id_of(once: str, place_id: uuid.UUID, name: str) -> uuid.UUID:
    """Of one place's own making: nobody can aim at a folder of somebody else."""
    return uuid.uuid5(place_id, f"{once}/{name}") if once else new_id()


def _made_before(folder_id: uuid.UUID, company: Company) -> Folder | None:
    return db.session.scalars(
        select(Folder).where(Folder.id == folder_id, Folder.company_id == company.id)
    ).one_or_none()


def _behind(folder: Folder) -> int:
    last = db.session.scalar(
        select(func.max(Folder.position)).where(
            Folder.company_id == folder.company_id,
            Folder.parent_id == folder.parent_id
            if folder.parent_id
            else Folder.parent_id.is_(None),
        )
    )
    return 0 if last is None else last + 1
