"""Acts on documents: rename, move, copy, replace, trash, restore. Each has a page of
its own, and answers with the page that shows what became of it."""

import uuid

from flask import (
    Blueprint,
    abort,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.db import db
from app.errors import Refused
from app.library import trash
from app.library.choosing import choices
from app.library.copying import copy_document
from app.library.finding import Place, document_or_404, place_or_404
from app.library.models import Document, Folder
from app.library.moving import move_document
from app.library.permissions import acts_on
from app.library.renaming import rename_document
from app.library.replacing import replace
from app.library.trashing import restore_document, trash_document
from app.library.uploads import replace_by
from app.policy import open_to, reads_its_own_body
from app.texts import gettext as _

blueprint = Blueprint("acts", __name__)


def _allowed(document_id: uuid.UUID, act: str) -> tuple[Document, Place]:
    document, place = document_or_404(document_id)
    if act not in acts_on(document, place.folder, place.sight):
        abort(403)
    return document, place


def _channel() -> str:
    return "firm" if current_user.is_firm_side else "web"


def _back(document: Document, text: str) -> ResponseReturnValue:
    return _to(url_for("library.document", document_id=document.id), text)


def _to(url: str, text: str) -> ResponseReturnValue:
    """To a page that says it; htmx follows by itself only within its own target."""
    flash(text, "ok")
    if htmx.is_fragment():
        return "", 204, {"HX-Redirect": url}
    return redirect(url, 303)


def _form(
    act: str, document: Document, place: Place, error: Refused | None = None
) -> ResponseReturnValue:
    page = render_template(
        "library/act.html",
        act=act,
        document=document,
        company=place.company,
        folder_id=document.folder_id,
        choices=choices(place.company, place.sight) if act in {"move", "copy"} else [],
        error=error.message if error else None,
        typed=request.form.get("name") or document.name,
        chosen=request.form.get("folder"),
        nav_current="documents",
    )
    return (page, 422) if error else page


def _target(place: Place) -> Folder:
    try:
        folder_id = uuid.UUID(request.form.get("folder", ""))
    except ValueError:
        raise Refused(_("Choose a folder."), "folder") from None
    to = place_or_404(place.company.slug, folder_id)
    if not to.sight.may_deposit_in(to.folder):
        raise Refused(_("This folder is read-only for you."), "folder")
    return to.folder


@blueprint.get("/documents/<uuid:document_id>/<any(move,copy,rename,versions):act>")
@open_to("signed_in")
def form(document_id: uuid.UUID, act: str) -> ResponseReturnValue:
    document, place = _allowed(document_id, "replace" if act == "versions" else act)
    return _form(act, document, place)


@blueprint.post("/documents/<uuid:document_id>/move")
@open_to("signed_in")
def move(document_id: uuid.UUID) -> ResponseReturnValue:
    document, place = _allowed(document_id, "move")
    try:
        to = _target(place)
        move_document(document, to, by=current_user, channel=_channel())
    except Refused as refusal:
        db.session.rollback()
        return _form("move", document, place, refusal)
    db.session.commit()
    return _back(document, _("Moved to “%(folder)s”.", folder=to.name))


@blueprint.post("/documents/<uuid:document_id>/copy")
@open_to("signed_in")
def copy(document_id: uuid.UUID) -> ResponseReturnValue:
    document, place = _allowed(document_id, "copy")
    try:
        to = _target(place)
        made = copy_document(document, to, by=current_user, channel=_channel())
    except Refused as refusal:
        db.session.rollback()
        return _form("copy", document, place, refusal)
    db.session.commit()
    return _back(made.document, _("Copied to “%(folder)s”.", folder=to.name))


@blueprint.post("/documents/<uuid:document_id>/rename")
@open_to("signed_in")
def rename(document_id: uuid.UUID) -> ResponseReturnValue:
    document, place = _allowed(document_id, "rename")
    try:
        name = rename_document(document, request.form.get("name", ""), by=current_user)
    except Refused as refusal:
        db.session.rollback()
        return _form("rename", document, place, refusal)
    db.session.commit()
    return _back(document, _("Renamed “%(name)s”.", name=name))


@blueprint.post("/documents/<uuid:document_id>/versions")
@open_to("signed_in")
@reads_its_own_body
def versions(document_id: uuid.UUID) -> ResponseReturnValue:
    document, place = _allowed(document_id, "replace")
    db.session.commit()  # no transaction while the file flows in
    try:
        replace_by(
            request,
            lambda received: replace(
                document, received, by=current_user, channel=_channel()
            ),
        )
    except Refused as refusal:
        db.session.rollback()
        return _form("versions", document, place, refusal)
    return _back(document, _("The new version is there. The older one is kept."))


@blueprint.post("/documents/<uuid:document_id>/trash")
@open_to("signed_in")
def put_in_trash(document_id: uuid.UUID) -> ResponseReturnValue:
    document, place = _allowed(document_id, "trash")
    trash_document(document, by=current_user)
    db.session.commit()
    folder = url_for(
        "library.show", slug=place.company.slug, folder_id=document.folder_id
    )
    text = _("“%(name)s” is in the trash, for 30 days.", name=document.name)
    return _to(folder, text)


@blueprint.post("/documents/<uuid:document_id>/restore")
@open_to("signed_in")
def restore(document_id: uuid.UUID) -> ResponseReturnValue:
    document = trash.document_or_404(document_id)
    to = restore_document(document, by=current_user, channel=_channel())
    db.session.commit()
    return _back(document, _("Restored to “%(folder)s”.", folder=to.name))


@blueprint.get("/trash")
@open_to("signed_in")
def show() -> ResponseReturnValue:
    slug = request.args.get("company")
    places = trash.places(slug)
    return render_template(
        "library/trash.html",
        things=trash.things(places),
        company=places[0][0] if slug else None,
        several=len(places) > 1,
        nav_current="documents",
    )
