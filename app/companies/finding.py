"""The one way to a company: through the firm and the person. A stranger gets 404.

An archived company is read-only for everybody: whoever asks to change something there
is told so here, before any act.
"""

from typing import NoReturn

from flask import abort, redirect, request, url_for
from flask_login import current_user
from sqlalchemy import ColumnElement

from app.companies.models import Company
from app.db import db
from app.errors import Refused
from app.people.models import Membership
from app.policy import only_reads_now
from app.texts import gettext as _


def company_or_404(slug: str) -> Company:
    company, _role = company_and_role(slug)
    return company


def company_and_role(slug: str) -> tuple[Company, str]:
    """The company with the current person's role there: a role of the firm,
    company_manager or company_user. Raises Refused for a change of an archived one."""
    company, role = find(slug)
    if company.archived_at and not only_reads_now():
        raise read_only(company.name)
    return company, role


def find(slug: str) -> tuple[Company, str]:
    """The same, archived or not, whatever is asked for."""
    if found := _where(Company.slug == slug):
        return found
    moved = _where(Company.former_slug == slug)
    return _lead_on(moved[0]) if moved else abort(404)


def _where(which: ColumnElement[bool]) -> tuple[Company, str] | None:
    found = Company.visible_to(current_user).where(which)
    if not current_user.is_client:
        company = db.session.scalar(found)
        return (company, str(current_user.role)) if company else None
    row = db.session.execute(found.add_columns(Membership.role)).one_or_none()
    return (row[0], row[1]) if row else None


def read_only(name: str) -> Refused:
    return Refused(
        _(
            "%(company)s is archived: it is read-only, nothing can be deposited or "
            "changed there.",
            company=name,
        )
    )


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


def _lead_on(company: Company) -> NoReturn:
    """From an address of before its slug was changed to the one of now."""
    given = request.view_args or {}
    if request.method != "GET" or "slug" not in given or request.endpoint is None:
        abort(404)
    now = {**given, **request.args.to_dict(), "slug": company.slug}
    abort(redirect(url_for(request.endpoint, **now), 301))
