"""The address that was probably meant: the nearest of those there are."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from flask import current_app
from sqlalchemy import select

from app.collection.addresses import address_of
from app.collection.families import Family, families_of
from app.companies.models import Company
from app.db import db
from app.folding import plain
from app.people.models import Person

ALIKE = 0.75  # of 1, as difflib counts
DEFAULT = "a-classer"


@dataclass(frozen=True)
class Nearest:
    address: str
    company: Company
    family: Family


def nearest_to(recipient: str, person: Person) -> Nearest | None:
    """Among the companies of the same domain that the person may enter; for the
    operator, those of every firm."""
    local, _sign, domain = recipient.lower().rpartition("@")
    prefix, slug = _split(local)
    every = select(Company) if person.is_operator else Company.visible_to(person)
    companies = db.session.scalars(
        every.where(Company.mail_domain == domain, Company.archived_at.is_(None))
    )
    by_slug = {company.slug: company for company in companies}
    found = get_close_matches(slug, by_slug, n=1, cutoff=ALIKE)
    if not found:
        return None
    company = by_slug[found[0]]
    family = family_like(prefix, company.firm_id)
    return Nearest(address_of(company, family), company, family)


def family_like(written: str, firm_id: uuid.UUID) -> Family:
    """By its prefix or its name, nearly; else the one that a person sorts."""
    families = families_of(firm_id)
    words = {plain(f.name): f for f in families} | {f.prefix: f for f in families}
    found = get_close_matches(plain(written), words, n=1, cutoff=ALIKE)
    return words[found[0]] if found else _to_sort(families)


def _to_sort(families: Iterable[Family]) -> Family:
    known = list(families)
    return next((f for f in known if f.prefix == DEFAULT), known[0])


def _split(local: str) -> tuple[str, str]:
    for sign in (current_app.config["ADDRESS_SEPARATOR"], "+"):
        prefix, found, slug = local.partition(sign)
        if found:
            return prefix, slug
    return "", local
