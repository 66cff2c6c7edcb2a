"""The panel's other tabs: how an application's bots are written, and its history."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.companies.finding import company_or_404
from app.connectors import (
    panel_duplicates,
    panel_history,
    panel_listing,
    panel_settings,
)
from app.connectors.catalogue import PartnerApp
from app.connectors.finding import app_or_404
from app.db import db
from app.errors import Refused
from app.policy import open_to
from app.texts import gettext as _, ngettext

blueprint = Blueprint("panel_settings", __name__)


@blueprint.get("/apps/<key>/settings")
@open_to("firm")
def show(key: str) -> ResponseReturnValue:
    return _page(app_or_404(key))


def _page(app: PartnerApp, error: str = "") -> str:
    return render_template(
        "connectors/_panel_settings.html",
        app=app,
        settings=panel_settings.settings_of(current_user, current_user.firm_id, app),
        choices=panel_duplicates.choices(app, current_user),
        authorised=panel_listing.counted(app),
        error=error,
        tab="settings",
        nav_current="apps",
    )


@blueprint.post("/apps/<key>/separator")
@open_to("firm_admins")
def separator_update(key: str) -> ResponseReturnValue:
    app = app_or_404(key)
    separator = request.form.get("separator", "")
    try:
        panel_settings.choose_separator(
            current_user.firm_id, app, separator, by=current_user
        )
    except Refused as refusal:
        db.session.rollback()
        return _page(app, refusal.message), 422
    db.session.commit()
    flash(_("Saved: for the companies authorised from now on."), "ok")
    return redirect(url_for("panel_settings.show", key=key), 303)


@blueprint.post("/apps/<key>/bots")
@open_to("firm_admins")
def bots_update(key: str) -> ResponseReturnValue:
    """Every connection gets the address that the separator makes."""
    app = app_or_404(key)
    try:
        number = panel_settings.renew_bots(current_user.firm_id, app, by=current_user)
    except Refused as refusal:
        db.session.rollback()
        return _page(app, refusal.message), 422
    db.session.commit()
    text = ngettext(
        "%(num)d connection sends from its new address.",
        "%(num)d connections send from their new address.",
        number,
    )
    flash(text, "ok")
    return redirect(url_for("panel_settings.show", key=key), 303)


@blueprint.post("/apps/<key>/duplicates")
@open_to("firm_admins")
def duplicates_update(key: str) -> ResponseReturnValue:
    """The companies that are ticked hold exact duplicates; or all, or none."""
    app = app_or_404(key)
    which = request.form.get("which", "ticked")
    holding = {
        one.connection_id
        for one in panel_duplicates.choices(app, current_user)
        if which == "all"
        or (
            which == "ticked"
            and str(one.connection_id) in request.form.getlist("connection")
        )
    }
    number = panel_duplicates.choose(app, holding, by=current_user)
    db.session.commit()
    text = ngettext("%(num)d company changed.", "%(num)d companies changed.", number)
    flash(text, "ok" if number else "info")
    return redirect(url_for("panel_settings.show", key=key), 303)


@blueprint.get("/apps/<key>/history")
@open_to("firm")
def history(key: str) -> ResponseReturnValue:
    app = app_or_404(key)
    slug = request.args.get("company")
    company = company_or_404(slug) if slug else None
    return render_template(
        "connectors/_panel_history.html",
        app=app,
        lines=panel_history.history(app, current_user, company),
        company_shown=company,
        authorised=panel_listing.counted(app),
        tab="history",
        nav_current="apps",
    )
