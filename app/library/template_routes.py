"""The firm's tree templates: the list, and the page that changes one."""

import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.companies import templates
from app.companies.models import TreeTemplate
from app.db import db
from app.errors import Refused
from app.library import template_editing as editing
from app.library.template_editing import Asked, way_from
from app.library.template_finding import template_or_404
from app.library.template_nodes import KINDS, STANDARD, Nodes, read
from app.library.template_words import kind_words, visibility_words
from app.policy import open_to
from app.texts import gettext as _
from app.typed import whole

blueprint = Blueprint("templates", __name__)


@blueprint.get("/settings/templates")
@open_to("firm_admins")
def index() -> ResponseReturnValue:
    return _list()


@blueprint.post("/settings/templates")
@open_to("firm_admins")
def create() -> ResponseReturnValue:
    try:
        like = templates.by_id(request.form.get("like", ""))
        made = templates.make(request.form.get("name", ""), like, by=current_user)
    except Refused as refusal:
        db.session.rollback()
        return _list(refusal), 422
    db.session.commit()
    return redirect(url_for("templates.show", template_id=made.id), 303)


@blueprint.get("/settings/templates/<uuid:template_id>")
@open_to("firm_admins")
def show(template_id: uuid.UUID) -> ResponseReturnValue:
    return _page(template_or_404(template_id))


@blueprint.post("/settings/templates/<uuid:template_id>")
@open_to("firm_admins")
def rename(template_id: uuid.UUID) -> ResponseReturnValue:
    template = template_or_404(template_id)
    try:
        templates.rename(template, request.form.get("name", ""), by=current_user)
    except Refused as refusal:
        return _refused(template_id, refusal, "title")
    db.session.commit()
    return _saved(template_id)


@blueprint.post("/settings/templates/<uuid:template_id>/default")
@open_to("firm_admins")
def make_default(template_id: uuid.UUID) -> ResponseReturnValue:
    template = template_or_404(template_id)
    templates.make_default(template, by=current_user)
    db.session.commit()
    flash(_("“%(name)s” is the firm’s template now.", name=template.name), "ok")
    return redirect(url_for("templates.index"), 303)


@blueprint.post("/settings/templates/<uuid:template_id>/remove")
@open_to("firm_admins")
def remove(template_id: uuid.UUID) -> ResponseReturnValue:
    template = template_or_404(template_id)
    try:
        templates.remove(template, by=current_user)
    except Refused as refusal:
        return _refused(template_id, refusal, "title")
    db.session.commit()
    flash(_("The template “%(name)s” is removed.", name=template.name), "ok")
    return redirect(url_for("templates.index"), 303)


@blueprint.post("/settings/templates/<uuid:template_id>/nodes")
@open_to("firm_admins")
def change(template_id: uuid.UUID) -> ResponseReturnValue:
    """`do`: add (below `at`), save, up, down or remove (the node `at`)."""
    template = template_or_404(template_id)
    form = request.form
    try:
        nodes = _changed(read(template.content), form.get("do", "save"))
        version = whole(form.get("version"), -1)
        templates.save(template, nodes, version, by=current_user)
    except Refused as refusal:
        part = f"{form.get('do')}-{form.get('at', '')}"
        return _refused(template_id, refusal, part)
    db.session.commit()
    return _saved(template_id)


def _changed(nodes: Nodes, do: str) -> Nodes:
    form = request.form
    way = way_from(form.get("at", ""))
    asked = Asked(
        name=form.get("name", ""),
        visibility=form.get("visibility", "shared"),
        is_locked="is_locked" in form,
        monthly="monthly" in form,
        kind=form.get("kind", "plain"),
    )
    if do == "add":
        return editing.added(nodes, way, asked)
    if do == "remove":
        return editing.removed(nodes, way)
    if do in {"up", "down"}:
        return editing.moved(nodes, way, -1 if do == "up" else 1)
    return editing.changed(nodes, way, asked)


def _saved(template_id: uuid.UUID) -> ResponseReturnValue:
    flash(_("Saved."), "ok")
    return redirect(url_for("templates.show", template_id=template_id), 303)


def _refused(
    template_id: uuid.UUID, refusal: Refused, part: str
) -> ResponseReturnValue:
    db.session.rollback()
    db.session.expire_all()
    return _page(template_or_404(template_id), refusal, part), 422


def _list(error: Refused | None = None) -> str:
    known = templates.everything()
    return render_template(
        "library/templates.html",
        templates=[(each, templates.followers(each)) for each in known],
        standard=STANDARD,
        error=error,
        typed=request.form.to_dict(),
    )


def _page(template: TreeTemplate, error: Refused | None = None, part: str = "") -> str:
    return render_template(
        "library/template.html",
        template=template,
        nodes=read(template.content),
        followers=templates.followers(template),
        visibilities=visibility_words(),
        kinds=kind_words(KINDS),
        error=error,
        part=part,
        typed=request.form.to_dict(),
    )
