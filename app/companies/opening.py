"""Opening a client company: its row, its first fiscal year, its tree."""

import re
from datetime import date
from itertools import chain, count

from flask import current_app
from sqlalchemy import or_, select

from app.companies.models import Company, FiscalYear, TreeTemplate
from app.db import db
from app.firms.models import Firm
from app.folding import plain

# Words of addresses under /companies, and names that mail and hosts keep for others.
RESERVED = frozenset(
    {
        *("new", "import", "find", "proposal", "settings", "apps", "mail", "www"),
        *("admin", "root", "postmaster", "abuse", "hostmaster", "webmaster"),
        *("noreply", "no-reply", "ne-pas-repondre", "bounce", "bounces", "envois"),
        *("compta", "ventes", "achats", "banque", "social", "ndf", "fiscal"),
        *("a-classer", "guichet", "support"),
    }
)


def slug_from(name: str) -> str:
    """«Dupont Maçonnerie» → «dupont-maconnerie» (a host label: RFC 1123)."""
    letters = plain(name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:50].strip("-")
    return slug or "entreprise"


def domain_of(firm: Firm) -> str:
    """Where the addresses of its new companies live."""
    return firm.mail_domain or str(current_app.config["MAIL_DOMAIN"])


def free_slug(firm: Firm, name: str) -> str:
    """Made from the name; with the first number that leaves it free on its domain."""
    base = slug_from(name)
    taken = db.session.execute(
        select(Company.slug, Company.former_slug)
        .where(
            Company.mail_domain == domain_of(firm),
            or_(Company.slug.startswith(base), Company.former_slug.startswith(base)),
        )
        .execution_options(across_firms=True)
    )
    known = {slug for row in taken for slug in row} | RESERVED | {firm.slug}
    numbered = (f"{base}-{number}" for number in count(2))
    return next(slug for slug in chain([base], numbered) if slug not in known)


def open_company(
    firm: Firm,
    name: str,
    *,
    siren: str | None = None,
    slug: str | None = None,
    template: TreeTemplate | None = None,
) -> Company:
    """A company of the firm, with a slug free on its mail domain where none is given;
    flushed."""
    company = Company(
        firm_id=firm.id,
        name=name,
        slug=slug or free_slug(firm, name),
        mail_domain=domain_of(firm),
        siren=siren,
        template_id=template.id if template else None,
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
