"""The one way to a company: through the firm and the person. A stranger gets 404.

An archived company is read-only for everybody: whoever asks to change something there
is told so here, before any act.
"""

from functools import cache
from typing import Any, NoReturn

from flask import abort, redirect, request, url_for
from flask_login import current_user
from sqlalchemy import Select, Uuid, bindparam

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
    if found := _called(slug):
        return found
    moved = _called(slug, formerly=True)
    return _lead_on(moved[0]) if moved else abort(404)


def _called(slug: str, *, formerly: bool = False) -> tuple[Company, str] | None:
    asked = _asked(
        formerly=formerly,
        sees_all=current_user.sees_every_company,
        with_role=current_user.is_client,
    )
    who = {"firm_id": current_user.firm_id, "reader_id": current_user.id}
    row = db.session.execute(asked, who | {"slug": slug}).one_or_none()
    if row is None:
        return None
    return row[0], row[1] if current_user.is_client else str(current_user.role)


@cache
def _asked(*, formerly: bool, sees_all: bool, with_role: bool) -> Select[Any]:
    firm_id = bindparam("firm_id", type_=Uuid())
    reader_id = bindparam("reader_id", type_=Uuid())
    called = Company.former_slug if formerly else Company.slug
    found = Company.visible(sees_all, firm_id, reader_id)
    found = found.where(called == bindparam("slug"))
    return found.add_columns(Membership.role) if with_role else found


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
