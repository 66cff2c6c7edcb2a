"""The settings of a company, for the firm's administrators."""

import uuid

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.exc import IntegrityError

from app.companies import archiving, assigning, changing, managers, years
from app.companies.finding import company_or_404, find
from app.companies.founding import Faulty
from app.companies.models import Company
from app.companies.templates import choices
from app.db import db
from app.errors import Refused
from app.people.inviting import invite
from app.policy import open_to
from app.texts import gettext as _

blueprint = Blueprint("company_settings", __name__)


@blueprint.get("/companies/<slug>/settings")
@open_to("firm_admins")
def show(slug: str) -> ResponseReturnValue:
    company, _role = find(slug)
    return _page(company)


@blueprint.post("/companies/<slug>/settings")
@open_to("firm_admins")
def update(slug: str) -> ResponseReturnValue:
    company = company_or_404(slug)
    try:
        changing.change(company, request.form, by=current_user)
        db.session.commit()
    except Faulty as faulty:
        return _refused(slug, faulty.errors, "update")
    except IntegrityError:
        db.session.rollback()
        text = _("Somebody was quicker with this address. Choose another one.")
        return _refused(slug, {"slug": text}, "update")
    return _done(company, _("Saved."))


@blueprint.post("/companies/<slug>/years")
@open_to("firm_admins")
def open_year(slug: str) -> ResponseReturnValue:
    company = company_or_404(slug)
    try:
        dates = years.checked_dates(
            request.form.get(years.STARTS, ""), request.form.get(years.ENDS, "")
        )
        year = years.open_year(company, *dates, by=current_user)
    except Refused as refusal:
        return _refused(slug, {refusal.field or "": refusal.message}, "year")
    db.session.commit()
    text = _("The fiscal year %(label)s is opened, with its folders.", label=year.label)
    return _done(company, text)


@blueprint.post("/companies/<slug>/staff")
@open_to("firm_admins")
def assign(slug: str) -> ResponseReturnValue:
    company = company_or_404(slug)
    form = request.form
    chosen, see_all = set(form.getlist("staff")), set(form.getlist("sees_all"))
    assigning.assign(company, chosen, see_all, by=current_user)
    db.session.commit()
    return _done(company, _("Saved."))


@blueprint.post("/companies/<slug>/managers")
@open_to("firm_admins")
def add_manager(slug: str) -> ResponseReturnValue:
    company, form = company_or_404(slug), request.form
    try:
        manager = managers.checked_manager(
            form.get("manager_name", ""), form.get("manager_email", "")
        )
        if manager is None:
            raise Refused(_("Give the manager’s name and address."), "manager_name")
        managers.add_manager(
            company, manager, by=current_user, invites=form.get("invite") == "yes"
        )
    except Refused as refusal:
        return _refused(slug, {refusal.field or "": refusal.message}, "manager")
    db.session.commit()
    return _done(company, _("%(name)s may enter.", name=manager.name))


@blueprint.post("/companies/<slug>/invitations/<uuid:person_id>")
@open_to("firm_admins")
def send_invitation(slug: str, person_id: uuid.UUID) -> ResponseReturnValue:
    company = company_or_404(slug)
    members = {m.person.id: m for m in managers.members_of(company)}
    member = members.get(person_id) or abort(404)
    invite(member.person, company, by=current_user)
    db.session.commit()
    text = _("An invitation leaves for %(email)s.", email=member.person.email)
    return _done(company, text)


@blueprint.get("/companies/<slug>/archive")
@open_to("firm_admins")
def ask_archive(slug: str) -> ResponseReturnValue:
    company = company_or_404(slug)
    return render_template("companies/archive.html", company=company)


@blueprint.post("/companies/<slug>/archive")
@open_to("firm_admins")
def archive(slug: str) -> ResponseReturnValue:
    company = company_or_404(slug)
    if request.form.get("sure") != "yes":
        return redirect(url_for("company_settings.ask_archive", slug=slug), 303)
    archiving.archive(company, by=current_user)
    db.session.commit()
    text = _("%(company)s is archived: it is read-only.", company=company.name)
    return _done(company, text)


@blueprint.post("/companies/<slug>/reopen")
@open_to("firm_admins")
def reopen(slug: str) -> ResponseReturnValue:
    company, _role = find(slug)
    archiving.reopen(company, by=current_user)
    db.session.commit()
    return _done(company, _("%(company)s is open again.", company=company.name))


def _done(company: Company, text: str) -> ResponseReturnValue:
    flash(text, "ok")
    return redirect(url_for("company_settings.show", slug=company.slug), 303)


def _refused(slug: str, errors: dict[str, str], part: str) -> ResponseReturnValue:
    db.session.rollback()
    company, _role = find(slug)
    return _page(company, errors, part), 422


def _page(
    company: Company, errors: dict[str, str] | None = None, part: str = ""
) -> str:
    """`part` is the form that was refused: what was typed there is kept."""
    starts_on, ends_on = years.next_year(company)
    return render_template(
        "companies/settings.html",
        company=company,
        years=years.years_of(company),
        next_start=starts_on.isoformat(),
        next_end=ends_on.isoformat(),
        colleagues=assigning.colleagues(company),
        members=managers.members_of(company),
        templates=choices(),
        errors=errors or {},
        part=part,
        typed=request.form.to_dict(),
    )
