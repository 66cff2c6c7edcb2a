"""The one way to a company: through the firm and the person. A stranger gets 404."""

from flask import abort
from flask_login import current_user

from app.companies.models import Company
from app.db import db
from app.people.models import Membership


def company_or_404(slug: str) -> Company:
    company, _role = company_and_role(slug)
    return company


def company_and_role(slug: str) -> tuple[Company, str]:
    """The company with the current person's role there: a role of the firm,
    company_manager or company_user."""
    found = Company.visible_to(current_user).where(Company.slug == slug)
    if not current_user.is_client:
        company = db.session.scalar(found)
        return (company, str(current_user.role)) if company else abort(404)
    row = db.session.execute(found.add_columns(Membership.role)).one_or_none()
    return (row[0], row[1]) if row else abort(404)


def companies_and_roles() -> list[tuple[Company, str]]:
    """All that the person may enter, in the order of their names; one query."""
    found = Company.visible_to(current_user).order_by(Company.name)
    if not current_user.is_client:
        role = str(current_user.role)
        return [(company, role) for company in db.session.scalars(found)]
    return [
        (row[0], row[1])
        for row in db.session.execute(found.add_columns(Membership.role))
    ]
