"""The firm's families of addresses, for its administrators."""

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
from sqlalchemy.exc import IntegrityError

from app.collection import family_editing as editing, family_rules, unzipping
from app.collection.families import STANDARD, families_of, family_of, rows_of
from app.collection.policy_words import policies, policy_helps
from app.db import db
from app.errors import Refused
from app.policy import open_to
from app.texts import gettext as _

blueprint = Blueprint("families", __name__)


@blueprint.get("/settings/families")
@open_to("firm_admins")
def index() -> ResponseReturnValue:
    return _page()


@blueprint.post("/settings/families")
@open_to("firm_admins")
def change() -> ResponseReturnValue:
    """`do`: add, save, up or down (the family `prefix`); or archives (`unzips`)."""
    do = request.form.get("do", "save")
    try:
        _act(do)
        db.session.commit()
    except Refused as refusal:
        return _refused(refusal, do)
    except IntegrityError:
        db.session.rollback()
        text = _("There is a family with this word already.")
        return _refused(Refused(text, "prefix"), do)
    return _saved(_("Saved."))


def _act(do: str) -> None:
    form = request.form
    prefix = form.get("prefix", "")
    if do == "add":
        editing.add(form, by=current_user)
    elif do == "archives":
        unzips = form.get("unzips") == "yes"
        unzipping.choose(g.firm.id, is_on=unzips, by=current_user)
    elif do in {"up", "down"}:
        editing.move(prefix, -1 if do == "up" else 1, by=current_user)
    else:
        editing.change(prefix, form, by=current_user)


@blueprint.get("/settings/families/remove")
@open_to("firm_admins")
def ask_remove() -> ResponseReturnValue:
    """What ends with the family `prefix`."""
    family = family_of(g.firm.id, request.args.get("prefix", "")) or abort(404)
    [use] = editing.uses(g.firm.id, [family])
    return render_template("collection/family_remove.html", uses=[use], family=family)


@blueprint.post("/settings/families/remove")
@open_to("firm_admins")
def remove() -> ResponseReturnValue:
    prefix = request.form.get("prefix", "")
    if request.form.get("sure") != "yes":
        return redirect(url_for(".ask_remove", prefix=prefix), 303)
    try:
        editing.remove(prefix, by=current_user)
    except Refused as refusal:
        return _refused(refusal, "remove")
    db.session.commit()
    return _saved(_("The family “%(prefix)s” is removed.", prefix=prefix))


@blueprint.get("/settings/families/standard")
@open_to("firm_admins")
def ask_standard() -> ResponseReturnValue:
    gone = editing.uses(g.firm.id, editing.not_standard(g.firm.id))
    return render_template(
        "collection/family_remove.html", uses=gone, family=None, standard=STANDARD
    )


@blueprint.post("/settings/families/standard")
@open_to("firm_admins")
def standard() -> ResponseReturnValue:
    if request.form.get("sure") != "yes":
        return redirect(url_for(".ask_standard"), 303)
    editing.to_standard(by=current_user)
    db.session.commit()
    return _saved(_("The families are the standard ones again."))


def _saved(text: str) -> ResponseReturnValue:
    flash(text, "ok")
    return redirect(url_for(".index"), 303)


def _refused(refusal: Refused, do: str) -> ResponseReturnValue:
    db.session.rollback()
    return _page(refusal, do), 422


def _page(error: Refused | None = None, do: str = "") -> str:
    return render_template(
        "collection/families.html",
        families=families_of(g.firm.id),
        unzips=unzipping.is_wanted(g.firm.id),
        has_own=bool(rows_of(g.firm.id)),
        kinds=family_rules.kinds(),
        policies=policies(),
        policy_helps=policy_helps(),
        error=error,
        do=do,
        typed=request.form,
    )
