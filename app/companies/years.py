"""The fiscal years of a company: their dates, and their folders."""

from datetime import date, timedelta

from sqlalchemy import select

from app.activity.recording import record
from app.companies.finding import still_open
from app.companies.models import Company, FiscalYear
from app.companies.opening import open_fiscal_year
from app.db import db
from app.errors import Refused
from app.formats import today
from app.library.tree import plant_year, root_of_years
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _

MOST_MONTHS = 24
STARTS, ENDS = "year_start", "year_end"


def usual_end(starts_on: date) -> date:
    """Twelve months less a day later: 31 December of a year that began in January."""
    return months_later(starts_on, 12) - timedelta(days=1)


def months_later(day: date, months: int) -> date:
    """The same day of that month, or the 1st after it where it has no such day."""
    total = day.month - 1 + months
    year, month = day.year + total // 12, total % 12 + 1
    try:
        return date(year, month, day.day)
    except ValueError:
        return date(year + month // 12, month % 12 + 1, 1)


def day_from(typed: str, field: str | None) -> date | None:
    """As a browser (ISO 8601) or a sheet («31/12/2026») writes it. Raises Refused."""
    typed = typed.strip()
    if not typed:
        return None
    try:
        if "/" in typed:
            day, month, year = (int(part) for part in typed.split("/"))
            found = date(year, month, day)
        else:
            found = date.fromisoformat(typed)
    except ValueError:
        raise Refused(_("This is not a date. Write it as 31/12/2026."), field) from None
    if not 1990 <= found.year <= 2100:
        raise Refused(_("The year of this date cannot be right."), field)
    return found


def checked_dates(start: str, end: str) -> tuple[date, date]:
    """Of a year; the end is proposed where none is given. Raises Refused, at the
    fields `year_start` and `year_end`."""
    starts_on = day_from(start, STARTS)
    if starts_on is None:
        raise Refused(_("Give the first day of the fiscal year."), STARTS)
    ends_on = day_from(end, ENDS) or usual_end(starts_on)
    if ends_on < starts_on:
        raise Refused(_("The fiscal year ends before it begins."), ENDS)
    if ends_on >= months_later(starts_on, MOST_MONTHS):
        raise Refused(_("A fiscal year has 24 months at most."), ENDS)
    return starts_on, ends_on


def years_of(company: Company) -> list[FiscalYear]:
    """The newest first."""
    return list(
        db.session.scalars(
            select(FiscalYear)
            .where(FiscalYear.company_id == company.id)
            .order_by(FiscalYear.starts_on.desc())
        )
    )


def open_year(
    company: Company, starts_on: date, ends_on: date, *, by: Person | None
) -> FiscalYear:
    """The year and its folders; once. Raises Refused."""
    lock_company(company.id, exclusive=True)
    still_open(company.id)
    for other in years_of(company):
        if other.starts_on <= ends_on and starts_on <= other.ends_on:
            raise Refused(
                _(
                    "These dates overlap with the fiscal year %(label)s.",
                    label=other.label,
                ),
                STARTS,
            )
    _check_place(company)
    year = open_fiscal_year(company, starts_on, ends_on)
    folder = plant_year(company, year)
    record(
        "fiscal_year_opened",
        firm_id=company.firm_id,
        company_id=company.id,
        actor_id=by.id if by else None,
        starts_on=starts_on.isoformat(),
        ends_on=ends_on.isoformat(),
        folder=str(folder.id),
    )
    return year


def _check_place(company: Company) -> None:
    top = root_of_years(company)
    if top and top.trashed_at:
        raise Refused(
            _("“%(name)s” is in the trash: restore it first.", name=top.name), STARTS
        )


def next_year(company: Company) -> tuple[date, date]:
    """What is proposed: the year after the newest one."""
    years = years_of(company)
    if not years:
        first = date(today().year, 1, 1)
    else:
        first = years[0].ends_on + timedelta(days=1)
    return first, usual_end(first)
