"""To whom an archive is open: to the firm, and to managers what was made for them."""

from sqlalchemy import ColumnElement, or_, select

from app.archives.models import Archive
from app.companies.followers import may_enter
from app.companies.models import Company
from app.db import db
from app.library.tree import Sight, hidden_folders, sight_of_person
from app.people.models import Person

EVERYWHERE = {"across_firms": True}


def open_in(company: Company, sight: Sight) -> list[ColumnElement[bool]]:
    """Of the company's, to whoever sees all that is shared there."""
    if sight.firm_side:
        return []
    year, hidden = Archive.folder_id, hidden_folders(company, sight)
    return [Archive.is_for_firm.is_(False), or_(year.is_(None), year.not_in(hidden))]


def is_open(archive: Archive, company: Company, sight: Sight) -> bool:
    shown = select(Archive.id).where(Archive.id == archive.id, *open_in(company, sight))
    return db.session.scalar(shown, execution_options=EVERYWHERE) is not None


def is_open_to(person: Person, archive: Archive, company: Company) -> bool:
    """The same without a request: still, at this moment."""
    if not may_enter(person, company):
        return False
    sight = sight_of_person(person, company)
    return sight.sees_all_that_is_shared and is_open(archive, company, sight)
