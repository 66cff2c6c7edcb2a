"""The folders that a client reaches without looking for them: «À classer», and this
month's of a family of the fiscal year under way."""

from datetime import date

from sqlalchemy import select

from app.companies.models import Company, FiscalYear
from app.db import db
from app.library.models import Folder
from app.library.tree import Sight, hidden_folders
from app.library.year_folders import folder_of, month_of


def inbox_of(company: Company, sight: Sight) -> Folder | None:
    """The first one of the company, if the person may deposit there."""
    found = db.session.scalar(
        select(Folder)
        .where(
            Folder.company_id == company.id,
            Folder.kind == "inbox",
            Folder.trashed_at.is_(None),
            Folder.id.not_in(hidden_folders(company, sight)),
        )
        .order_by(Folder.position, Folder.id)
        .limit(1)
    )
    return found if found and sight.may_deposit_in(found) else None


def year_on(company: Company, day: date) -> FiscalYear | None:
    return db.session.scalar(
        select(FiscalYear)
        .where(
            FiscalYear.company_id == company.id,
            FiscalYear.starts_on <= day,
            FiscalYear.ends_on >= day,
        )
        .order_by(FiscalYear.starts_on.desc())
        .limit(1)
    )


def family_of(
    company: Company, kind: str, year: FiscalYear | None, sight: Sight
) -> Folder | None:
    """Of that year; where it has none, of the year whose folders were made last."""
    found = db.session.scalars(
        select(Folder)
        .where(
            Folder.company_id == company.id,
            Folder.kind == kind,
            Folder.trashed_at.is_(None),
            Folder.id.not_in(hidden_folders(company, sight)),
        )
        .order_by(Folder.created_at.desc(), Folder.id.desc())
    ).all()
    year_folder = folder_of(year) if year else None
    of_year = [f for f in found if year_folder and f.parent_id == year_folder.id]
    return next(iter([*of_year, *found]), None)


def month_in(family: Folder, day: date, year: FiscalYear | None) -> Folder | None:
    """None for a day outside of every year."""
    if year is None:
        return None
    months = db.session.scalars(
        select(Folder)
        .where(Folder.parent_id == family.id, Folder.kind == "month")
        .order_by(Folder.position)
    ).all()
    return month_of(months, year, day)
