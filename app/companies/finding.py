"""The one way to a company: through the firm and the person. A stranger gets 404."""

from flask import abort
from flask_login import current_user

from app.companies.models import Company
from app.db import db
from app.people.models import Membership


def company_or_404(slug: str) -> Company:
    company = db.session.scalar(
        Company.visible_to(current_user).where(Company.slug == slug)
    )
    if company is None:
        abort(404)
    return company


def role_in(company: Company) -> str:
    """The current person's role there: firm roles, company_manager or company_user."""
    if current_user.is_firm_side:
        return str(current_user.role)
    membership = db.session.get(Membership, (current_user.id, company.id))
    return membership.role if membership else "company_user"
