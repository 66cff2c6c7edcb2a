"""The folders that a client reaches without looking for them: «À classer», and this
month's of a family of the fiscal year under way."""

import re
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.companies.models import Company, FiscalYear
from app.db import db
from app.library.models import Folder
from app.library.tree import Sight, hidden_folders

OTHER_YEAR = re.compile(r" \d{4}$")


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
    """Of that year; without one, or where its folders are called otherwise, of the year
    whose folders were made last."""
    parent = aliased(Folder)
    found = db.session.execute(
        select(Folder, parent.name)
        .outerjoin(parent, parent.id == Folder.parent_id)
        .where(
            Folder.company_id == company.id,
            Folder.kind == kind,
            Folder.trashed_at.is_(None),
            Folder.id.not_in(hidden_folders(company, sight)),
        )
        .order_by(Folder.created_at.desc(), Folder.id.desc())
    ).all()
    for name in _names(year):
        for folder, year_name in found:
            if year_name == name:
                return folder
    return found[0][0] if found else None


def _names(year: FiscalYear | None) -> list[str]:
    """As `tree` calls the year's folder: of two that end in one year, the second by its
    last day."""
    if year is None:
        return []
    name = f"Exercice {year.label}"
    return [f"{name} (au {year.ends_on:%d-%m-%Y})", name]


def month_in(family: Folder, day: date, year: FiscalYear | None) -> Folder | None:
    """In a year of more than twelve months their names say of which year each is. What
    does not say so is of the year under way; there is none for a day outside of it."""
    months = db.session.scalars(
        select(Folder)
        .where(
            Folder.parent_id == family.id,
            Folder.kind == "month",
            Folder.name.startswith(f"{day.month:02d} "),
            Folder.trashed_at.is_(None),
        )
        .order_by(Folder.position, Folder.id)
    ).all()
    this_year = [month for month in months if month.name.endswith(f" {day.year}")]
    any_year = [month for month in months if year and not OTHER_YEAR.search(month.name)]
    return next(iter([*this_year, *any_year]), None)
