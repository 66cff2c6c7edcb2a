"""Opening a client company: its row, its first fiscal year, its tree."""

from datetime import date

from app.companies.models import Company, FiscalYear, TreeTemplate
from app.companies.slugs import domain_of, free_slug
from app.db import db
from app.firms.models import Firm


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
