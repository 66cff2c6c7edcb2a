"""The operator's acts: applications of the firms, and the contacts of their makers."""

import uuid
from collections.abc import Mapping

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.connectors import catalogue, connecting
from app.db import db
from app.errors import Refused
from app.firms.models import Firm
from app.mailroom.watched import watched
from app.operator import audits, firms, runs as run_history, subscriptions
from app.policy import open_to
from app.texts import gettext as _

blueprint = Blueprint("console", __name__)


@blueprint.post("/console/firms/<uuid:firm_id>/apps")
@open_to("operator")
def adopt(firm_id: uuid.UUID) -> ResponseReturnValue:
    firm = _firm_or_404(firm_id)
    app = catalogue.find(request.form.get("app", ""))
    if app is None:
        raise Refused(_("Choose an application."))
    connecting.adopt(firm.id, app, by=current_user)
    db.session.commit()
    flash(
        _(
            "%(app)s is among the applications of %(firm)s.",
            app=app.name,
            firm=firm.name,
        ),
        "ok",
    )
    return redirect(url_for("firms.home"), 303)


@blueprint.post("/console/firms/<uuid:firm_id>/adopting")
@open_to("operator")
def adopting(firm_id: uuid.UUID) -> ResponseReturnValue:
    firm = _firm_or_404(firm_id)
    firms.allow_adopting(firm, "allowed" in request.form, by=current_user)
    db.session.commit()
    flash(_("Saved."), "ok")
    return redirect(url_for("firms.home"), 303)


@blueprint.get("/console/runs")
@open_to("operator")
def runs() -> ResponseReturnValue:
    return render_template(
        "operator/runs.html",
        health=run_history.health(),
        mailbox=watched(),
        audits=audits.last_ones(),
        subscription=subscriptions.to_confirm(),
    )


@blueprint.get("/console/contacts")
@open_to("operator")
def contacts() -> ResponseReturnValue:
    return _contacts(firms.contacts())


@blueprint.post("/console/contacts")
@open_to("operator")
def contacts_update() -> ResponseReturnValue:
    try:
        firms.set_contacts(request.form, by=current_user)
    except Refused as refusal:
        return _contacts(request.form, refusal)
    db.session.commit()
    flash(_("Saved."), "ok")
    return redirect(url_for("console.contacts"), 303)


def _firm_or_404(firm_id: uuid.UUID) -> Firm:
    return db.session.get(Firm, firm_id) or abort(404)


def _contacts(
    typed: Mapping[str, str], refusal: Refused | None = None
) -> ResponseReturnValue:
    page = render_template(
        "operator/contacts.html",
        apps=sorted(catalogue.everything().values(), key=lambda app: app.name),
        typed=typed,
        errors={refusal.field: refusal.message} if refusal else {},
    )
    return page, 422 if refusal else 200
