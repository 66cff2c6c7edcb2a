"""Opening a client company: its row, its first fiscal year, its tree."""

import re
import unicodedata
from datetime import date
from itertools import chain, count

from flask import current_app
from sqlalchemy import select

from app.companies.models import Company, FiscalYear
from app.db import db
from app.firms.models import Firm


def slug_from(name: str) -> str:
    """«Dupont Maçonnerie» → «dupont-maconnerie» (a host label: RFC 1123)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:50].strip("-")
    return slug or "entreprise"


def open_company(firm: Firm, name: str, *, siren: str | None = None) -> Company:
    """A company of the firm with a slug free on its mail domain; flushed."""
    domain = firm.mail_domain or current_app.config["MAIL_DOMAIN"]
    base = slug_from(name)
    taken = set(
        db.session.scalars(
            select(Company.slug)
            .where(Company.mail_domain == domain, Company.slug.startswith(base))
            .execution_options(across_firms=True)
        )
    )
    numbered = (f"{base}-{number}" for number in count(2))
    slug = next(slug for slug in chain([base], numbered) if slug not in taken)
    company = Company(
        firm_id=firm.id, name=name, slug=slug, mail_domain=domain, siren=siren
    )
    db.session.add(company)
    db.session.flush()
    return company


def open_fiscal_year(company: Company, starts_on: date, ends_on: date) -> FiscalYear:
    year = FiscalYear(
        firm_id=company.firm_id,
        company_id=company.id,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    db.session.add(year)
    db.session.flush()
    return year
