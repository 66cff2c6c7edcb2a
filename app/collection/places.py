"""The folder that mail goes to: the family's in the fiscal year of the day, and there
the month of the day where it has months. Where there is none, «À classer»."""

from datetime import date

from sqlalchemy import select

from app.collection.families import family_of
from app.collection.models import CollectionAddress
from app.companies.models import Company, FiscalYear
from app.db import db
from app.library.models import Folder
from app.library.tree import A_YEAR, chain

INBOX = "inbox"


def place_for(address: CollectionAddress, day: date) -> Folder | None:
    """None when there is not even an inbox: a person is asked then."""
    company = db.session.get_one(
        Company, address.company_id, execution_options={"across_firms": True}
    )
    if address.folder_id and (way := chain(address.folder_id, company.id)):
        return way[-1]
    family = family_of(company.firm_id, address.family)
    kind = family.folder_kind if family else INBOX
    return by_kind(company, kind, day) or by_kind(company, INBOX, day)


def by_kind(company: Company, kind: str, day: date) -> Folder | None:
    """The company's folder of that kind for the day: of all there are, the one in the
    fiscal year of that day first."""
    found = db.session.scalars(
        select(Folder)
        .where(
            Folder.company_id == company.id,
            Folder.kind == kind,
            Folder.trashed_at.is_(None),
        )
        .order_by(Folder.position, Folder.id)
    )
    ways = [way for folder in found if (way := chain(folder.id, company.id))]
    year = _year_of(company, day)
    of_year = [way for way in ways if _is_in(way, year)]
    outside = [w for w in ways if not any(f.kind == "fiscal_year" for f in w)]
    chosen = next(iter(of_year or outside), None)
    if chosen is None:
        return None
    return _month_in(chosen[-1], year, day) or chosen[-1]


def _year_of(company: Company, day: date) -> FiscalYear | None:
    return db.session.scalar(
        select(FiscalYear)
        .where(
            FiscalYear.company_id == company.id,
            FiscalYear.starts_on <= day,
            FiscalYear.ends_on >= day,
        )
        .limit(1)
    )


def _is_in(way: list[Folder], year: FiscalYear | None) -> bool:
    """By the name that the year's folder was given, for it bears no date."""
    if year is None:
        return False
    names = (f"Exercice {year.label}", f"Exercice {year.label} (au ")
    return any(
        f.kind == "fiscal_year" and (f.name == names[0] or f.name.startswith(names[1]))
        for f in way
    )


def _month_in(family: Folder, year: FiscalYear | None, day: date) -> Folder | None:
    """By its place in the year: a long year has two Januaries."""
    months = db.session.scalars(
        select(Folder).where(
            Folder.parent_id == family.id,
            Folder.kind == "month",
            Folder.trashed_at.is_(None),
            Folder.name.startswith(f"{day.month:02d} "),
        )
    ).all()
    if year and (year.ends_on - year.starts_on).days > 31 * A_YEAR:
        dated = [m for m in months if m.name.endswith(f" {day.year}")]
        return next(iter(dated), None)
    return next(iter(months), None)
