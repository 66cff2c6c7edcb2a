"""Applying a template: what it would make and change, company by company, then doing
it. A page takes 200 companies at most, as one transaction; the others come after."""

import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from app.companies.models import Company, TreeTemplate
from app.companies.templates import is_of
from app.db import db
from app.errors import Refused
from app.library import template_applying as applying
from app.library.template_comparing import Work
from app.library.template_finding import template_or_404
from app.library.template_words import visibility_words
from app.policy import open_to
from app.texts import gettext as _, ngettext

blueprint = Blueprint("applying", __name__)


@blueprint.get("/settings/templates/<uuid:template_id>/apply")
@open_to("firm_admins")
def preview(template_id: uuid.UUID) -> ResponseReturnValue:
    template = template_or_404(template_id)
    return _page(template, *_next_works(template))


@blueprint.post("/settings/templates/<uuid:template_id>/apply")
@open_to("firm_admins")
def apply(template_id: uuid.UUID) -> ResponseReturnValue:
    """`company`: «id.mark» of each one that was agreed to, as it was shown."""
    template = template_or_404(template_id)
    agreed = dict(each.partition(".")[::2] for each in request.form.getlist("company"))
    companies = [c for c in _companies(template) if str(c.id) in agreed]
    companies = companies[: applying.A_BATCH]
    applying.lock(companies)
    works = applying.works(template, companies)
    try:
        _check(works, agreed)
    except Refused as refusal:
        db.session.rollback()
        return _page(template, *_next_works(template), refusal), 422
    applying.apply(template, works, by=current_user)
    db.session.commit()
    flash(
        ngettext(
            "The template is applied to %(num)d company.",
            "The template is applied to %(num)d companies.",
            len(works),
        ),
        "ok",
    )
    return redirect(url_for("applying.preview", template_id=template_id), 303)


def _check(works: list[Work], agreed: dict[str, str]) -> None:
    if not agreed:
        raise Refused(_("Choose a company at least."), "company")
    if any(agreed[str(work.company.id)] != work.mark for work in works):
        raise Refused(
            _(
                "Nothing was done: something has changed meanwhile. Look at it again, "
                "then agree."
            ),
            "stale",
        )
    turns = any(work.shown or work.hidden for work in works)
    if turns and request.form.get("seen") != "yes":
        raise Refused(_("Say that clients may see more or fewer documents."), "seen")


def _companies(template: TreeTemplate) -> list[Company]:
    return list(
        db.session.scalars(
            select(Company)
            .where(
                Company.firm_id == template.firm_id,
                is_of(template),
                Company.archived_at.is_(None),
            )
            .order_by(Company.name, Company.id)
        )
    )


def _next_works(template: TreeTemplate) -> tuple[list[Work], int]:
    """The first that have something to do, and how many were not looked at yet."""
    companies, most = _companies(template), applying.A_BATCH
    works: list[Work] = []
    looked = 0
    while looked < len(companies) and len(works) < most:
        works += applying.works(template, companies[looked : looked + most])
        looked += most
    return works[:most], max(0, len(companies) - looked) + len(works[most:])


def _page(
    template: TreeTemplate,
    works: list[Work],
    later: int,
    error: Refused | None = None,
) -> str:
    return render_template(
        "library/template_apply.html",
        template=template,
        works=works,
        visibilities=visibility_words(),
        later=later,
        made=sum(len(work.missing) for work in works),
        changed=sum(len(work.changes) for work in works),
        shown=sum(work.shown for work in works),
        showing=sum(bool(work.shown) for work in works),
        hidden=sum(work.hidden for work in works),
        hiding=sum(bool(work.hidden) for work in works),
        error=error,
    )
