"""The panel of one application: its companies, their access and their addresses."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.companies.finding import company_or_404
from app.companies.models import Company
from app.connectors import connecting, panel as panels
from app.connectors.catalogue import PartnerApp
from app.connectors.finding import app_or_404
from app.db import db
from app.errors import Refused
from app.policy import open_to
from app.texts import gettext as _

blueprint = Blueprint("panel", __name__)


@blueprint.get("/apps/<key>")
@open_to("firm")
def show(key: str) -> ResponseReturnValue:
    app = app_or_404(key)
    listing = panels.companies(app, request.args.get("q", ""), request.args.get("page"))
    return render_template(
        "connectors/show.html", app=app, listing=listing, nav_current="apps"
    )


@blueprint.post("/apps/<key>/companies/<slug>")
@open_to("firm")
def company_update(key: str, slug: str) -> ResponseReturnValue:
    """Authorise (or revoke) the company and keep its addresses, in one go."""
    app = app_or_404(key)
    company = company_or_404(slug)
    try:
        _connect(app, company)
    except Refused as refusal:
        db.session.rollback()
        return _company_row(app, company, refusal.message), 422
    db.session.commit()
    if htmx.is_fragment():
        return _company_row(app, company)
    flash(_("Saved."), "ok")
    return redirect(url_for("panel.show", key=key), 303)


def _connect(app: PartnerApp, company: Company) -> None:
    if "authorised" not in request.form:
        _revoke(app, company)
        return
    connection = connecting.authorise(company, app, by=current_user)
    for slot in app.slots:
        address = request.form.get(f"destination_{slot.key}", "")
        if address.strip():
            connecting.set_destination(connection, slot.key, address, by=current_user)


def _revoke(app: PartnerApp, company: Company) -> None:
    """Switched off; an address that was typed meanwhile is not dropped in silence."""
    connection = connecting.connection_of(company, app.key)
    for slot in app.slots:
        typed = request.form.get(f"destination_{slot.key}", "").strip()
        kept = connection.destination_for(slot.key) if connection else None
        if typed and typed != (kept.address if kept else None):
            raise Refused(_("Switch the access on to keep an address."), "authorised")
    if connection:
        connecting.revoke(connection, by=current_user)


def _company_row(app: PartnerApp, company: Company, error: str = "") -> str:
    """The company's row; after a refusal with what was typed, so nothing is lost."""
    row = panels.row(app, company, typed=request.form if error else None)
    template = "connectors/_company_row.html"
    if error and not htmx.is_fragment():
        template = "connectors/company.html"
    return render_template(template, app=app, row=row, error=error, nav_current="apps")
