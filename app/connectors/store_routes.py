"""The store of partner applications: those of the firm, and the others."""

from flask import (
    Blueprint,
    abort,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.connectors import catalogue, connecting, demos, store as stores
from app.connectors.catalogue import PartnerApp
from app.db import db
from app.errors import Refused
from app.mailroom.reading_counts import unread
from app.policy import open_to
from app.texts import gettext as _

blueprint = Blueprint("store", __name__)


@blueprint.get("/apps")
@open_to("firm")
def index() -> ResponseReturnValue:
    args = request.args
    store = stores.store_for(current_user, args.get("q", ""), args.get("category", ""))
    return render_template(
        "connectors/index.html",
        store=store,
        unread_mails=unread(current_user),
        nav_current="apps",
    )


@blueprint.post("/apps/<key>/adoption")
@open_to("firm_admins")
def adopt(key: str) -> ResponseReturnValue:
    app = _app_or_404(key)
    if not stores.may_add(current_user):
        raise Refused(_("The operator has not allowed your firm to add applications."))
    connecting.adopt(current_user.firm_id, app, by=current_user)
    db.session.commit()
    message = _("%(app)s is among your applications.", app=app.name)
    return _done(message, "ok", has_moved=True)


@blueprint.post("/apps/<key>/demonstration")
@open_to("firm")
def demonstration(key: str) -> ResponseReturnValue:
    app = _app_or_404(key)
    recipients = demos.ask(app, g.firm, by=current_user)
    db.session.commit()
    if not recipients:
        return _done(_("Already asked today."), "info")
    addresses = ", ".join(recipients)
    return _done(
        _("Your request was sent to %(addresses)s.", addresses=addresses), "ok"
    )


def _app_or_404(key: str) -> PartnerApp:
    """One of the catalogue, whether the firm has it or not."""
    return catalogue.find(key) or abort(404)


def _done(message: str, tone: str, *, has_moved: bool = False) -> ResponseReturnValue:
    """Back to the store, as it was searched; `has_moved` when the cards have."""
    q, category = request.form.get("q", ""), request.form.get("category", "")
    if htmx.is_fragment():
        store = stores.store_for(current_user, q, category)
        return render_template(
            "connectors/store.htmx.html",
            store=store,
            message=message,
            tone=tone,
            has_moved=has_moved,
        )
    flash(message, tone)
    return redirect(url_for("store.index", q=q or None, category=category or None), 303)
