"""The one way to a company: through the firm and the person. A stranger gets 404.

An archived company is read-only for everybody: whoever asks to change something there
is told so here, before any act.
"""

import uuid
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

from flask import abort, redirect, request, url_for
from flask_login import current_user
from sqlalchemy import Row, Select, Uuid, bindparam, null, select

from app.companies.models import Company
from app.db import db
from app.errors import DomainError, Refused
from app.people.models import Membership, Person
from app.policy import only_reads_now
from app.texts import gettext as _


def company_or_404(slug: str) -> Company:
    company, _role = company_and_role(slug)
    return company


def company_and_role(slug: str) -> tuple[Company, str]:
    """The company with the current person's role there: a role of the firm,
    company_manager or company_user. Raises Refused for a change of an archived one."""
    company, role = find(slug)
    let_change(company)
    return company, role


def let_change(company: Company) -> None:
    """Raises Refused for a change of an archived one."""
    if company.archived_at and not only_reads_now():
        raise read_only(company.name)


def find(slug: str) -> tuple[Company, str]:
    """The same, archived or not, whatever is asked for."""
    if found := _called(slug):
        return found
    moved = _called(slug, formerly=True)
    return _lead_on(moved[0]) if moved else abort(404)


def _called(slug: str, *, formerly: bool = False) -> tuple[Company, str] | None:
    asked = called(reach(), formerly=formerly)
    row = db.session.execute(asked, who_asks(slug)).one_or_none()
    return (row[0], role_in(row)) if row else None


@dataclass(frozen=True)
class Reach:
    """Of a person: all that decides how the statement is written."""

    sees_all: bool
    is_client: bool


def reach() -> Reach:
    """The current person's."""
    return Reach(current_user.sees_every_company, current_user.is_client)


@cache
def called(of: Reach, *, formerly: bool = False) -> Select[Any]:
    """The company and the reader's role there, of what `who_asks` gives."""
    firm_id = bindparam("firm_id", type_=Uuid())
    reader_id = bindparam("reader_id", type_=Uuid())
    slug = Company.former_slug if formerly else Company.slug
    found = Company.visible(of.sees_all, firm_id, reader_id, is_client=of.is_client)
    role = null() if of.sees_all else Membership.role
    return found.where(slug == bindparam("slug")).add_columns(role)


def who_asks(slug: str) -> dict[str, Any]:
    reader = current_user
    return {"firm_id": reader.firm_id, "reader_id": reader.id, "slug": slug}


def role_in(row: Row[*tuple[Any, ...]]) -> str:
    """The current person's, from a row of `called`."""
    return str(row[1] if current_user.is_client else current_user.role)


def still_open(company_id: uuid.UUID) -> None:
    """For an act that has the company's lock, and may have waited for it. Raises
    Refused when it was archived meanwhile."""
    name, archived_at = db.session.execute(
        select(Company.name, Company.archived_at).where(Company.id == company_id)
    ).one()
    if archived_at:
        raise read_only(name)


class NoLongerOpen(DomainError):
    """Whoever acts may not enter any more; a form of it is not theirs to see either."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            _("This company is no longer open to you: nothing was kept or changed.")
        )


def still_let_in(person: Person | None, company_id: uuid.UUID) -> None:
    """For what took a while before it has the company's lock. Raises NoLongerOpen when
    they were taken off the company meanwhile, or their account was closed."""
    if person is None:
        return
    found = select(Company.id).where(
        Company.id == company_id, Company.is_open_to(person.id)
    )
    if db.session.scalar(found) is None:
        raise NoLongerOpen


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
    now = url_for(request.endpoint, **given | {"slug": company.slug})
    asked = request.query_string.decode("latin-1")
    abort(redirect(f"{now}?{asked}" if asked else now, 301))
