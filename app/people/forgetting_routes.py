"""The pages for who forgot their password; at a firm's portal only."""

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

from app.db import db
from app.errors import Refused
from app.extensions import limiter
from app.firms.models import Firm
from app.people import forgetting
from app.people.links import Invalid
from app.people.passwords import normal_email
from app.policy import open_to
from app.texts import gettext as _

blueprint = Blueprint("forgetting", __name__)


def _whose() -> str:
    return f"{g.firm and g.firm.id} {normal_email(request.form.get('email', ''))}"


@blueprint.get("/password")
@open_to("everyone")
def show() -> ResponseReturnValue:
    _firm()
    return render_template("people/forgotten.html", sent=None)


@blueprint.post("/password")
@open_to("everyone")
@limiter.limit("20 per 15 minutes")
@limiter.limit("5 per 15 minutes", key_func=_whose)
def send() -> ResponseReturnValue:
    email = request.form.get("email", "")
    forgetting.send_link(email, _firm())
    db.session.commit()
    return render_template("people/forgotten.html", sent=email.strip())


@blueprint.get("/password/<token>")
@open_to("everyone")
def choose(token: str) -> ResponseReturnValue:
    return _page(token)


@blueprint.post("/password/<token>")
@open_to("everyone")
def change(token: str) -> ResponseReturnValue:
    firm, form = _firm(), request.form
    try:
        person = forgetting.person_with_link(token, firm.id)
        password, again = form.get("password", ""), form.get("again", "")
        forgetting.change_password(person, firm, password, again)
    except Refused as refusal:
        return _page(token, refusal)
    db.session.commit()
    flash(_("Your new password is kept. Sign in with it."), "ok")
    return redirect(url_for("people.login"), 303)


def _firm() -> Firm:
    firm: Firm = g.firm or abort(404)
    return firm


def _page(token: str, error: Refused | None = None) -> ResponseReturnValue:
    db.session.rollback()
    try:
        person = forgetting.person_with_link(token, _firm().id)
    except Invalid as refusal:
        why = refusal.message
        page = render_template("people/welcome_closed.html", why=why, again=True)
        return page, refusal.status
    page = render_template(
        "people/welcome.html",
        action=url_for("forgetting.change", token=token),
        invited=person,
        errors={error.field: error.message} if error else {},
    )
    return page, 422 if error else 200
