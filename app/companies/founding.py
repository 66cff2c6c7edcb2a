"""A new company as the firm describes it: row, tree, fiscal year, manager."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from sqlalchemy import select

from app.activity.recording import record
from app.companies import years
from app.companies.managers import (
    Manager,
    checked_in_firm,
    checked_manager,
    make_manager,
)
from app.companies.models import Company, TreeTemplate
from app.companies.opening import open_company
from app.companies.sirens import siren_from
from app.companies.slugs import checked_slug
from app.companies.templates import by_id
from app.db import db
from app.errors import Refused
from app.firms.models import Firm
from app.library.tree import plant
from app.people.models import Person
from app.texts import gettext as _
from app.typed import one_line

LONGEST_NAME = 255
Found = TypeVar("Found")
Typed = Mapping[str, str]


class Faulty(Refused):
    """What was typed cannot be taken; a sentence for each field that is wrong."""

    def __init__(self, errors: dict[str, str]) -> None:
        field, message = next(iter(errors.items()))
        super().__init__(message, field)
        self.errors = errors


@dataclass(frozen=True)
class Described:
    name: str
    siren: str | None
    slug: str | None  # made from the name when None
    template: TreeTemplate | None
    starts_on: date
    ends_on: date
    manager: Manager | None
    invites: bool


def described(firm: Firm, typed: Typed) -> Described:
    """What the form says. Raises Faulty."""
    faults = Faults()
    name = faults.at("name", lambda: checked_name(typed.get("name", "")))
    siren = faults.at("siren", lambda: new_siren(typed.get("siren", "")))
    slug = typed.get("slug", "").strip()
    given = faults.at("slug", lambda: checked_slug(firm, slug) if slug else None)
    template = faults.at("template", lambda: by_id(typed.get("template", "")))
    dates = faults.at(
        years.STARTS,
        lambda: years.checked_dates(
            typed.get(years.STARTS, ""), typed.get(years.ENDS, "")
        ),
    )
    manager = faults.at("manager_name", lambda: _manager(firm, typed))
    if faults.found or name is None or dates is None:
        raise Faulty(faults.found)
    return Described(
        name, siren, given, template, *dates, manager, typed.get("invite") == "yes"
    )


class Faults:
    """Gathers what is wrong, field by field."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def at(self, field: str, check: Callable[[], Found]) -> Found | None:
        try:
            return check()
        except Refused as refusal:
            self.found[refusal.field or field] = refusal.message
            return None


def found(firm: Firm, wanted: Described, *, by: Person) -> Company:
    """The company with all that it begins with; flushed. Raises Refused."""
    company = open_company(
        firm,
        wanted.name,
        siren=wanted.siren,
        slug=wanted.slug,
        template=wanted.template,
    )
    record(
        "company_opened",
        firm_id=firm.id,
        company_id=company.id,
        actor_id=by.id,
        name=company.name,
        slug=company.slug,
    )
    plant(company)
    years.open_year(company, wanted.starts_on, wanted.ends_on, by=by)
    if wanted.manager:
        make_manager(company, wanted.manager, by=by, invites=wanted.invites)
    return company


def checked_name(typed: str) -> str:
    name = one_line(typed)
    if not name:
        raise Refused(_("Give the name of the company."), "name")
    if len(name) > LONGEST_NAME:
        raise Refused(_("The name is too long: 255 letters at most."), "name")
    return name


def new_siren(typed: str, *, but: Company | None = None) -> str | None:
    """Raises Refused when another company of the firm has it."""
    siren = siren_from(typed)
    same = select(Company).where(Company.siren == siren)
    if but is not None:
        same = same.where(Company.id != but.id)
    other = db.session.scalar(same.limit(1)) if siren else None
    if other is None:
        return siren
    sentence = (
        _("%(company)s, which is archived, has this SIREN already.", company=other.name)
        if other.archived_at
        else _("%(company)s has this SIREN already.", company=other.name)
    )
    raise Refused(sentence, "siren")


def _manager(firm: Firm, typed: Typed) -> Manager | None:
    manager = checked_manager(
        typed.get("manager_name", ""), typed.get("manager_email", "")
    )
    if manager:
        checked_in_firm(firm.id, manager)
    return manager
