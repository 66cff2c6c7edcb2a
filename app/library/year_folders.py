"""Which folder is that of a fiscal year, and which one in it that of a month.

By where they were put when they were made, not by their names: people rename folders.
What cannot be told apart is none: never a wrong year.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import select

from app.companies.models import FiscalYear
from app.db import db
from app.library.models import Folder


def folder_of(year: FiscalYear) -> Folder | None:
    """Alive or not."""
    folders = db.session.scalars(
        select(Folder).where(
            Folder.company_id == year.company_id,
            Folder.kind == "fiscal_year",
            Folder.position == -year.ends_on.year,
        )
    )
    years = db.session.scalars(
        select(FiscalYear).where(FiscalYear.company_id == year.company_id)
    )
    return folder_among(year, folders.all(), years.all())


def folder_among(
    year: FiscalYear, folders: Iterable[Folder], years: Iterable[FiscalYear]
) -> Folder | None:
    """The same among all that the company has. It stands at the place of the year in
    which it ends (`plant_year`). Of two that end in one year, each has the folder that
    was made right after it: ids tell their order."""
    ends = year.ends_on.year
    here = [f for f in folders if f.kind == "fiscal_year" and f.position == -ends]
    same = sorted(other.id for other in years if other.ends_on.year == ends)
    if len(same) > 1:
        until = next((other for other in same if other > year.id), None)
        here = [f for f in here if f.id > year.id and (until is None or f.id < until)]
    return here[0] if len(here) == 1 else None


def month_of(months: Sequence[Folder], year: FiscalYear, day: date) -> Folder | None:
    """Of the months of a folder, in their order: by its place when all are there, else
    by the number before its name, where only one begins so. None that is in the trash.
    """
    if _are_whole(months, _months_between(year.starts_on, year.ends_on) + 1):
        found = [months[_months_between(year.starts_on, day)]]
    else:
        found = [m for m in months if m.name.startswith(f"{day.month:02d} ")]
        dated = [m for m in found if m.name.endswith(f" {day.year}")]
        found = dated if len(found) > 1 else found
    alive = [month for month in found if month.trashed_at is None]
    return alive[0] if len(alive) == 1 else None


def _are_whole(months: Sequence[Folder], count: int) -> bool:
    """Each at its place, one behind the other, and none moved in from elsewhere."""
    places = [month.position for month in months]
    return (
        len(months) == count
        and places == list(range(places[0], places[0] + count))
        and not any(month.moved_at for month in months)
    )


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month
