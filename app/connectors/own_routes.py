"""Describing an application of the firm's own, and changing what was said of it."""

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from app.connectors import own_apps
from app.connectors.models import OwnApp
from app.connectors.partner import MEGABYTE, TYPE_NAMES, USUAL_MEGABYTES, USUAL_TYPES
from app.db import db
from app.errors import Refused
from app.policy import open_to
from app.texts import gettext as _

blueprint = Blueprint("own_apps", __name__)

Typed = MultiDict[str, str]


@blueprint.get("/apps/new")
@open_to("firm_admins")
def new() -> ResponseReturnValue:
    typed = Typed([("types", each) for each in USUAL_TYPES])
    most = current_app.config["MAX_UPLOAD_MB"]
    typed["max_megabytes"] = str(min(USUAL_MEGABYTES, most))
    return _form(None, typed)


@blueprint.post("/apps/new")
@open_to("firm_admins")
def create() -> ResponseReturnValue:
    try:
        row = own_apps.create(_described(), by=current_user)
    except Refused as refusal:
        db.session.rollback()
        return _form(None, request.form, refusal)
    db.session.commit()
    flash(_("%(app)s is among your applications.", app=row.name), "ok")
    return redirect(url_for("panel.show", key=row.key), 303)


@blueprint.get("/apps/<key>/description")
@open_to("firm_admins")
def edit(key: str) -> ResponseReturnValue:
    row = _own_or_404(key)
    typed = Typed([("types", each) for each in row.content_types or ["any"]])
    typed["name"] = row.name
    typed["usual_domain"] = row.usual_domain
    typed["max_megabytes"] = f"{row.max_file_bytes / MEGABYTE:g}".replace(".", ",")
    return _form(row, typed)


@blueprint.post("/apps/<key>/description")
@open_to("firm_admins")
def update(key: str) -> ResponseReturnValue:
    row = _own_or_404(key)
    try:
        own_apps.change(row, _described(), by=current_user)
    except Refused as refusal:
        db.session.rollback()
        return _form(row, request.form, refusal)
    db.session.commit()
    flash(_("Saved."), "ok")
    return redirect(url_for("store.index"), 303)


def _own_or_404(key: str) -> OwnApp:
    return own_apps.find(key) or abort(404)


def _described() -> own_apps.Described:
    form = request.form
    return own_apps.checked(
        form.get("name", ""),
        form.get("usual_domain", ""),
        form.getlist("types"),
        form.get("max_megabytes", ""),
    )


def _form(
    row: OwnApp | None, typed: Typed, refusal: Refused | None = None
) -> ResponseReturnValue:
    """What was typed, with the sentence at the field that it is about."""
    page = render_template(
        "connectors/own_app.html",
        row=row,
        typed=typed,
        errors={refusal.field: refusal.message} if refusal else {},
        types={each: TYPE_NAMES[each] for each in USUAL_TYPES},
        nav_current="apps",
    )
    return page, 422 if refusal else 200
