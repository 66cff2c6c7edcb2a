"""A new company: its form, and what is proposed while it is filled in."""

from flask import (
    Blueprint,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.exc import IntegrityError

from app.companies import years
from app.companies.founding import Faulty, described, found
from app.companies.slugs import free_slug
from app.companies.templates import choices
from app.db import db
from app.errors import Refused
from app.formats import today
from app.policy import open_to
from app.texts import gettext as _

blueprint = Blueprint("opening", __name__)

Typed = dict[str, str]


@blueprint.get("/companies/new")
@open_to("firm_admins")
def new() -> ResponseReturnValue:
    first = today().replace(month=1, day=1)
    typed = {years.STARTS: first.isoformat(), "invite": "yes"}
    typed[years.ENDS] = typed["proposed_end"] = years.usual_end(first).isoformat()
    return _form(typed)


@blueprint.post("/companies/new")
@open_to("firm_admins")
def create() -> ResponseReturnValue:
    typed = request.form.to_dict()
    try:
        wanted = described(g.firm, typed)
        company = found(g.firm, wanted, by=current_user)
        db.session.commit()
    except Faulty as faulty:
        return _form(typed, faulty.errors)
    except Refused as refusal:
        db.session.rollback()
        return _form(typed, {refusal.field or "name": refusal.message})
    except IntegrityError:
        db.session.rollback()
        text = _("Somebody was quicker with this address. Choose another one.")
        return _form(typed, {"slug": text})
    flash(_("%(company)s is opened.", company=company.name), "ok")
    if wanted.manager and wanted.invites:
        told = _("An invitation leaves for %(email)s.", email=wanted.manager.email)
        flash(told, "info")
    return redirect(url_for("library.root", slug=company.slug), 303)


@blueprint.get("/companies/proposal")
@open_to("firm_admins")
def proposal() -> ResponseReturnValue:
    """The two fields that follow from others, unless they were filled in by hand."""
    typed = request.args.to_dict()
    if typed.get("slug", "") == typed.get("proposed_slug", ""):
        name = typed.get("name", "").strip()
        typed["slug"] = free_slug(g.firm, name) if name else ""
        typed["proposed_slug"] = typed["slug"]
    if typed.get(years.ENDS, "") == typed.get("proposed_end", ""):
        typed[years.ENDS] = typed["proposed_end"] = _end(typed)
    return render_template("companies/proposal.htmx.html", typed=typed, errors={})


def _end(typed: Typed) -> str:
    try:
        starts_on = years.day_from(typed.get(years.STARTS, ""), None)
    except Refused:
        return ""
    return years.usual_end(starts_on).isoformat() if starts_on else ""


def _form(typed: Typed, errors: dict[str, str] | None = None) -> ResponseReturnValue:
    page = render_template(
        "companies/new.html",
        typed=typed,
        errors=errors or {},
        templates=choices(),
        mail_domain=g.firm.mail_domain,
        nav_current="documents",
    )
    return (page, 422) if errors else page
