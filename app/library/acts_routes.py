"""Acts on documents: rename, move, copy, replace, trash, restore. Each has a page of
its own, and answers with the page that shows what became of it."""

import uuid

from flask import (
    Blueprint,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.companies.models import Company
from app.db import db, new_id
from app.errors import Refused
from app.library import trash
from app.library.acted import in_list
from app.library.answering import Undo, form_of, to_page
from app.library.choosing import choices
from app.library.copying import copy_document
from app.library.finding import (
    Place,
    chosen_folder,
    document_or_404,
    keep_out,
    url_of,
)
from app.library.models import Document, Folder
from app.library.moving import move_document
from app.library.permissions import acts_on
from app.library.renaming import rename_document
from app.library.replacing import replace
from app.library.trashing import restore_document, trash_document
from app.library.uploads import Interrupted, replace_by
from app.policy import open_to, reads_its_own_body
from app.texts import gettext as _

blueprint = Blueprint("acts", __name__)


def _allowed(document_id: uuid.UUID, act: str) -> tuple[Document, Place]:
    document, place = document_or_404(document_id)
    if act not in acts_on(document, place.folder, place.sight):
        keep_out(document, place, act)
    return document, place


def _channel() -> str:
    return "firm" if current_user.is_firm_side else "web"


def _is_from_list() -> bool:
    return request.args.get("from") == "list"


def _url(document: Document) -> str:
    return url_for("library.document", document_id=document.id)


def _undo(endpoint: str, document: Document) -> str:
    """Back to where the person is at work then."""
    url = url_for(endpoint, document_id=document.id)
    return f"{url}?from=list&undo=yes" if _is_from_list() else f"{url}?undo=yes"


def _answer(
    document: Document,
    text: str,
    list_url: str,
    undo: Undo | None = None,
    *,
    come: bool = False,
) -> ResponseReturnValue:
    """To the document, or in the list where the person is at work."""
    if not _is_from_list():
        return to_page(_url(document), text, undo)
    return in_list(list_url, text, [document], undo, come=come)


def _form(
    act: str, document: Document, place: Place, error: Refused | None = None
) -> ResponseReturnValue:
    return form_of(
        "library/act.html",
        error,
        act=act,
        document=document,
        company=place.company,
        came_from="list" if _is_from_list() else None,
        back_url=place.url if _is_from_list() else _url(document),
        choices=choices(
            place.company, place.sight, here=place.folder.id, but_here=act == "move"
        )
        if act in {"move", "copy"}
        else [],
        typed=request.form.get("name", document.name),
        chosen=request.form.get("folder"),
        once=request.form.get("once") or new_id(),
    )


def _target(place: Place) -> Folder:
    return chosen_folder(place, request.form.get("folder", ""), "folder")


@blueprint.get("/documents/<uuid:document_id>/<any(move,copy,rename,versions):act>")
@open_to("signed_in")
def form(document_id: uuid.UUID, act: str) -> ResponseReturnValue:
    document, place = _allowed(document_id, "replace" if act == "versions" else act)
    return _form(act, document, place)


@blueprint.post("/documents/<uuid:document_id>/move")
@open_to("signed_in")
def move(document_id: uuid.UUID) -> ResponseReturnValue:
    document, place = _allowed(document_id, "move")
    before, list_url = place.folder.id, place.url
    is_undo = "undo" in request.args
    try:
        to = _target(place)
        move_document(
            document, to, by=current_user, channel=_channel(), is_back=is_undo
        )
    except Refused as refusal:
        db.session.rollback()
        return _form("move", document, place, refusal)
    db.session.commit()
    return _answer(
        document,
        _("“%(name)s” is moved to “%(folder)s”.", name=document.name, folder=to.name),
        url_of(place.company, to) if is_undo else list_url,
        {"undo_url": _undo("acts.move", document), "folder": str(before)},
        come=is_undo,
    )


@blueprint.post("/documents/<uuid:document_id>/copy")
@open_to("signed_in")
def copy(document_id: uuid.UUID) -> ResponseReturnValue:
    document, place = _allowed(document_id, "copy")
    list_url = place.url
    try:
        to = _target(place)
        made = copy_document(
            document,
            to,
            by=current_user,
            channel=_channel(),
            once=request.form.get("once", ""),
        )
    except Refused as refusal:
        db.session.rollback()
        return _form("copy", document, place, refusal)
    db.session.commit()
    text = _("Copied to “%(folder)s”.", folder=to.name)
    return _answer(made.document, text, list_url, come=True)


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
    return _answer(
        document,
        _("Renamed “%(name)s”.", name=name),
        place.url,
    )


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
                document,
                received,
                by=current_user,
                channel=_channel(),
                sight=place.sight,
            ),
        )
    except Interrupted:
        raise  # the form itself could not be read
    except Refused as refusal:
        db.session.rollback()
        return _form("versions", document, place, refusal)
    text = _("The new version is there. The older one is kept.")
    return _answer(document, text, place.url)


@blueprint.post("/documents/<uuid:document_id>/trash")
@open_to("signed_in")
def put_in_trash(document_id: uuid.UUID) -> ResponseReturnValue:
    if there := trash.lying_document(document_id):
        return _is_there_already(there)
    document, place = _allowed(document_id, "trash")
    trash_document(document, by=current_user)
    db.session.commit()
    return in_list(
        place.url,
        _("“%(name)s” is in the trash, for 30 days.", name=document.name),
        [document],
        {"undo_url": _undo("acts.restore", document)},
    )


def _is_there_already(document: Document) -> ResponseReturnValue:
    """A second click: what it asked for is done, and can be taken back as before."""
    company = db.session.get_one(Company, document.company_id)
    folder = db.session.get_one(Folder, document.folder_id)
    return in_list(
        url_for("acts.of_company", slug=company.slug)
        if folder.trashed_at
        else url_of(company, folder),
        _("“%(name)s” is in the trash already.", name=document.name),
        [document],
        {"undo_url": _undo("acts.restore", document)},
    )


@blueprint.post("/documents/<uuid:document_id>/restore")
@open_to("signed_in")
def restore(document_id: uuid.UUID) -> ResponseReturnValue:
    document = trash.lying_document(document_id)
    if document is None:
        document, place = document_or_404(document_id)
        text = _("“%(name)s” is restored already.", name=document.name)
        return _answer(document, text, place.url, come=True)
    to = restore_document(document, by=current_user, channel=_channel())
    db.session.commit()
    text = _("Restored to “%(folder)s”.", folder=to.name)
    company = db.session.get_one(Company, to.company_id)
    return _answer(document, text, url_of(company, to), come=True)


@blueprint.get("/trash")
@open_to("signed_in")
def show() -> ResponseReturnValue:
    return _trash(request.args.get("company"))


@blueprint.get("/companies/<slug>/trash")
@open_to("signed_in")
def of_company(slug: str) -> ResponseReturnValue:
    return _trash(slug)


def _trash(slug: str | None) -> ResponseReturnValue:
    places = trash.places(slug)
    behind = request.args.get("after")
    things, after = trash.things(places, behind)
    if behind and not things:  # what lay there was restored meanwhile
        behind, (things, after) = None, trash.things(places)
    return render_template(
        "library/trash.html",
        things=things,
        first_url=url_for("acts.show", company=slug) if behind else None,
        next_url=url_for("acts.show", company=slug, after=after) if after else None,
        company=places[0][0] if slug else None,
        several=len(places) > 1,
        nav_current="documents",
    )
