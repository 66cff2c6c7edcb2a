"""«Envoyer un e-mail de test» and what came of it: a block of the panel."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.companies.finding import company_or_404
from app.companies.models import Company
from app.connectors.catalogue import PartnerApp
from app.connectors.connecting import connection_of
from app.connectors.finding import app_or_404
from app.db import db
from app.delivery import test_mails
from app.delivery.test_mail_states import items
from app.errors import Refused
from app.policy import open_to
from app.queueing import enqueue_once
from app.texts import gettext as _
from app.typed import whole

blueprint = Blueprint("test_mails", __name__)
MOST_LOOKS = 12


@blueprint.get("/apps/<key>/companies/<slug>/test")
@open_to("firm")
def block(key: str, slug: str) -> ResponseReturnValue:
    """With `look`, the number of times already, only what came of one test."""
    app, company = app_or_404(key), company_or_404(slug)
    if "look" not in request.args or not htmx.is_fragment():
        return _block(app, company)
    wanted = _slot(app)
    shown = items(app, connection_of(company, app.key))
    return render_template(
        "connectors/_test_mail_state.html",
        app=app,
        company=company,
        item=next((item for item in shown if item.slot.key == wanted), None),
        look=whole(request.args.get("look"), MOST_LOOKS),
    )


@blueprint.post("/apps/<key>/companies/<slug>/test")
@open_to("firm")
def ask(key: str, slug: str) -> ResponseReturnValue:
    app, company = app_or_404(key), company_or_404(slug)
    try:
        text, tone = _ask(app, company)
    except Refused as refusal:
        db.session.rollback()
        if htmx.is_fragment():
            return _block(app, company, error=refusal.message), 422
        text, tone = refusal.message, "bad"
    if htmx.is_fragment():
        return _block(app, company, notice=text if tone == "warn" else "")
    flash(text, tone)
    return redirect(url_for("panel.show", key=key, company=slug), 303)


def _ask(app: PartnerApp, company: Company) -> tuple[str, str]:
    """What is said of it, and its tone. Raises Refused."""
    connection = connection_of(company, app.key)
    if connection is None:
        raise Refused(_("Authorise the company first."))
    mail = test_mails.ask(connection, _slot(app), by=current_user)
    db.session.commit()
    woken = enqueue_once(test_mails.send, str(mail.id), job_id=f"test-{mail.id}")
    if woken is None:
        text = _("The test e-mail could not leave at once: it will with the next run.")
        return text, "warn"
    return _("The test e-mail leaves for %(to)s.", to=mail.destination), "ok"


def _slot(app: PartnerApp) -> str:
    wanted = request.values.get("slot") or app.slots[0].key
    if app.slot(wanted) is None:
        raise Refused(_("%(app)s has no such address.", app=app.name))
    return wanted


def _block(
    app: PartnerApp, company: Company, *, error: str = "", notice: str = ""
) -> str:
    template = "_test_mail.html" if htmx.is_fragment() else "test_mail.html"
    return render_template(
        f"connectors/{template}",
        app=app,
        company=company,
        items=list(items(app, connection_of(company, app.key))),
        asked=request.values.get("slot", ""),
        look=0,
        error=error,
        notice=notice,
        nav_current="apps",
    )
