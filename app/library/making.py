"""A new folder. The caller commits."""

from sqlalchemy import func, select

from app.companies.models import Company
from app.db import db, lock_company, new_id
from app.library.models import Folder
from app.library.noting import note_folder
from app.library.renaming import cleaned
from app.library.taking import free_folder_name, holding
from app.people.models import Person


def make_folder(
    company: Company, parent: Folder | None, name: str, *, by: Person | None
) -> Folder:
    """Behind those that are there; a name that is taken there gets a number."""
    lock_company(company.id, exclusive=True)
    if parent is not None:
        [*_above, parent] = holding(parent, company.id, "name")
    parent_id = parent.id if parent else None
    folder = Folder(
        id=new_id(),
        firm_id=company.firm_id,
        company_id=company.id,
        parent_id=parent_id,
        visibility=parent.visibility if parent else "shared",
    )
    folder.name = free_folder_name(folder, parent_id, cleaned(name))
    folder.position = _behind(folder)
    db.session.add(folder)
    db.session.flush()
    above = str(parent_id) if parent_id else None
    note_folder("folder_made", folder, by, parent=above)
    return folder


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
