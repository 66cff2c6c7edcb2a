"""The page that an invitation leads to: choosing one's password."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter.util import get_remote_address

from app.db import db
from app.errors import Refused
from app.people.inviting import choose_password, person_invited
from app.people.links import Invalid
from app.people.models import Person
from app.people.signing_in import sign_in
from app.policy import open_to
from app.texts import gettext as _

blueprint = Blueprint("invitations", __name__)


@blueprint.get("/welcome/<token>")
@open_to("everyone")
def show(token: str) -> ResponseReturnValue:
    try:
        return _page(token, _invited(token))
    except Invalid as refusal:
        return _no_page(refusal)


@blueprint.post("/welcome/<token>")
@open_to("everyone")
def accept(token: str) -> ResponseReturnValue:
    try:
        person = _invited(token)
    except Invalid as refusal:
        return _no_page(refusal)
    password, again = request.form.get("password", ""), request.form.get("again", "")
    try:
        choose_password(person, password, again)
    except Invalid as refusal:
        db.session.rollback()
        return _no_page(refusal)
    except Refused as refusal:
        return _page(token, person, refusal), 422
    sign_in(person, get_remote_address())
    db.session.commit()
    flash(_("Your password is chosen. Welcome."), "ok")
    return redirect(url_for("firms.home"), 303)


def _invited(token: str) -> Person:
    return person_invited(token, g.firm.id if g.firm else None)


def _page(token: str, person: Person, error: Refused | None = None) -> str:
    errors = {error.field: error.message} if error else {}
    action = url_for("invitations.accept", token=token)
    return render_template(
        "people/welcome.html", action=action, invited=person, errors=errors
    )


def _no_page(refusal: Invalid) -> ResponseReturnValue:
    page = render_template("people/welcome_closed.html", why=refusal.message)
    return page, refusal.status
