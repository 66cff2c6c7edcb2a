"""Changing what is said of a company: its name, its SIREN, its template, and once its
slug."""

from collections.abc import Mapping

from sqlalchemy import select

from app.activity.recording import record
from app.collection.addresses import follow_slug
from app.companies.finding import still_open
from app.companies.founding import (
    Faults,
    Faulty,
    checked_name,
    new_siren,
)
from app.companies.models import Company
from app.companies.slugs import checked_slug
from app.companies.templates import by_id
from app.db import db
from app.errors import Refused
from app.firms.models import Firm
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _

Typed = Mapping[str, str]


def change(company: Company, typed: Typed, *, by: Person) -> None:
    """Raises Faulty."""
    lock_company(company.id, exclusive=True)
    still_open(company.id)
    db.session.refresh(company)
    faults = Faults()
    name = faults.at("name", lambda: checked_name(typed.get("name", "")))
    siren = faults.at("siren", lambda: new_siren(typed.get("siren", ""), but=company))
    template = faults.at("template", lambda: by_id(typed.get("template", "")))
    slug = faults.at("slug", lambda: _slug(company, typed.get("slug", "")))
    if faults.found or name is None or slug is None:
        raise Faulty(faults.found)
    before = _told(company)
    company.name, company.siren = name, siren
    company.template_id = template.id if template else None
    if slug != company.slug:
        company.former_slug, company.slug = company.slug, slug
        db.session.flush()
        follow_slug(company)
    _note(company, before, by)


def _slug(company: Company, typed: str) -> str:
    slug = typed.strip().lower()
    if slug in {"", company.slug}:
        return company.slug
    if company.former_slug:
        raise Refused(_("The address was changed once: it stays."), "slug")
    firm = db.session.scalars(select(Firm).where(Firm.id == company.firm_id)).one()
    return checked_slug(firm, slug, but=company)


def _told(company: Company) -> dict[str, str | None]:
    return {
        "name": company.name,
        "siren": company.siren,
        "slug": company.slug,
        "template": str(company.template_id) if company.template_id else None,
    }


def _note(company: Company, before: dict[str, str | None], by: Person) -> None:
    now = _told(company)
    changed = {key: [before[key], now[key]] for key in now if now[key] != before[key]}
    if changed:
        record(
            "company_changed",
            firm_id=company.firm_id,
            company_id=company.id,
            actor_id=by.id,
            firm_only=True,
            changed=changed,
        )
