"""Acts on folders: make, rename, move, trash, restore."""

import uuid

from flask import (
    Blueprint,
    abort,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from app.companies.finding import company_and_role
from app.companies.models import Company
from app.connectors import apps
from app.db import db, id_from, new_id
from app.delivery.planning import Effective
from app.errors import Refused
from app.library import trash
from app.library.answering import form_of, to_page
from app.library.choosing import choices
from app.library.finding import (
    Place,
    chosen_folder,
    hidden_from,
    place_or_404,
    url_of,
)
from app.library.held import refuse_what_is_held
from app.library.making import make_folder
from app.library.models import Folder
from app.library.moving import concerned, documents_under, move_folder
from app.library.permissions import may_change
from app.library.renaming import cleaned, rename_folder
from app.library.trashing import restore_folder, trash_folder
from app.library.tree import sight_of
from app.policy import open_to
from app.texts import gettext as _, ngettext

blueprint = Blueprint("folders", __name__)


def _place(folder_id: uuid.UUID) -> Place:
    slug = db.session.scalar(
        select(Company.slug)
        .join(Folder, Folder.company_id == Company.id)
        .where(Folder.id == folder_id)
    )
    return place_or_404(slug, folder_id) if slug else abort(404)


def _changeable(folder_id: uuid.UUID) -> Place:
    if request.method == "POST" and trash.lying_folder(folder_id):
        raise Refused(_("This folder is in the trash. Restore it first."))
    place = _place(folder_id)
    if not may_change(place.folder, place.sight):
        abort(403)
    return place


def _form(act: str, place: Place, error: Refused | None = None) -> ResponseReturnValue:
    return form_of(
        "library/folder_act.html",
        error,
        act=act,
        folder=place.folder,
        company=place.company,
        choices=choices(
            place.company,
            place.sight,
            here=place.folder.parent_id,
            but_here=True,
            without=place.folder.id,
        )
        if act == "move"
        else [],
        documents=documents_under(place.folder, but=hidden_from(place))
        if act == "trash"
        else 0,
        typed=request.form.get("name", "" if act == "new" else place.folder.name),
        once=request.form.get("once") or new_id(),
        back_url=place.url,
    )


@blueprint.get("/folders/<uuid:folder_id>/<any(move,rename,new,trash):act>")
@open_to("signed_in")
def form(folder_id: uuid.UUID, act: str) -> ResponseReturnValue:
    place = _place(folder_id) if act == "new" else _changeable(folder_id)
    if act == "new" and not place.sight.may_deposit_in(place.folder):
        abort(403)
    return _form(act, place)


@blueprint.post("/companies/<slug>/folders")
@open_to("signed_in")
def create(slug: str) -> ResponseReturnValue:
    company, role = company_and_role(slug)
    parent = _parent(company)
    sight = sight_of(role, company)
    if parent is None and not sight.firm_side:
        abort(403)
    if parent and not sight.may_deposit_in(parent.folder):
        abort(403)
    try:
        made = make_folder(
            company,
            parent.folder if parent else None,
            request.form.get("name", ""),
            by=current_user,
            once=request.form.get("once", ""),
        )
    except Refused as refusal:
        db.session.rollback()
        if parent is None:
            raise
        return _form("new", parent, refusal)
    db.session.commit()
    return to_page(url_of(company, made), _made(made))


def _made(folder: Folder) -> str:
    """A name that was taken has got a number: whoever typed it is told."""
    if folder.name == cleaned(request.form.get("name", "")):
        return _("The folder “%(name)s” is made.", name=folder.name)
    return _("That name was taken: the folder “%(name)s” is made.", name=folder.name)


def _parent(company: Company) -> Place | None:
    given = request.form.get("parent", "")
    if not given:
        return None
    return place_or_404(company.slug, id_from(given) or abort(404))


@blueprint.post("/folders/<uuid:folder_id>/rename")
@open_to("signed_in")
def rename(folder_id: uuid.UUID) -> ResponseReturnValue:
    place = _changeable(folder_id)
    try:
        rename_folder(place.folder, request.form.get("name", ""), by=current_user)
    except Refused as refusal:
        db.session.rollback()
        return _form("rename", place, refusal)
    db.session.commit()
    return to_page(place.url, _renamed(place.folder))


def _renamed(folder: Folder) -> str:
    if folder.name == cleaned(request.form.get("name", "")):
        return _("Renamed “%(name)s”.", name=folder.name)
    return _("That name was taken: renamed “%(name)s”.", name=folder.name)


@blueprint.post("/folders/<uuid:folder_id>/move")
@open_to("signed_in")
def move(folder_id: uuid.UUID) -> ResponseReturnValue:
    """`ask`: the firm's people are asked first when the folder comes under a switch."""
    place = _changeable(folder_id)
    before = str(place.folder.parent_id or "")
    try:
        refuse_what_is_held(place.folder, place.sight)
        to = _target(place)
        if place.sight.firm_side and request.form.get("ask"):
            seen = concerned(place.folder, to)
            if seen.documents and seen.switched_on:
                return _confirm(place, to, seen.documents, _names(seen.switched_on))
        is_back = "undo" in request.args
        move_folder(place.folder, to, by=current_user, is_back=is_back)
    except Refused as refusal:
        db.session.rollback()
        return _form("move", place, refusal)
    db.session.commit()
    where = to.name if to else place.company.name
    return to_page(
        place.url,
        _("“%(name)s” is moved to “%(folder)s”.", name=place.folder.name, folder=where),
        {
            "undo_url": url_for("folders.move", folder_id=folder_id, undo="yes"),
            "parent": before,
        },
    )


def _target(place: Place) -> Folder | None:
    """None: the top of the tree, which is the firm's to arrange."""
    given = request.form.get("parent", "")
    if given == "" and place.sight.firm_side and "parent" in request.form:
        return None
    return chosen_folder(place, given, "parent")


def _names(switched_on: list[Effective]) -> str:
    return ", ".join(sorted({apps.get(s.connection.app_key).name for s in switched_on}))


def _confirm(
    place: Place, to: Folder | None, documents: int, names: str
) -> ResponseReturnValue:
    return form_of(
        "library/folder_confirm.html",
        folder=place.folder,
        company=place.company,
        to=to,
        documents=documents,
        names=names,
        back_url=place.url,
    )


@blueprint.post("/folders/<uuid:folder_id>/trash")
@open_to("signed_in")
def put_in_trash(folder_id: uuid.UUID) -> ResponseReturnValue:
    if there := trash.lying_folder(folder_id):
        return _is_in_trash(
            there, _("“%(name)s” is in the trash already.", name=there.name)
        )
    place = _changeable(folder_id)
    refuse_what_is_held(place.folder, place.sight)
    documents = trash_folder(place.folder, by=current_user)
    db.session.commit()
    text = ngettext(
        "“%(name)s” is in the trash with %(num)d document, for 30 days.",
        "“%(name)s” is in the trash with %(num)d documents, for 30 days.",
        documents,
        name=place.folder.name,
    )
    return _is_in_trash(place.folder, text)


def _is_in_trash(folder: Folder, text: str) -> ResponseReturnValue:
    """To what it was in."""
    company = db.session.get_one(Company, folder.company_id)
    above = db.session.get(Folder, folder.parent_id) if folder.parent_id else None
    back = (
        url_of(company, above)
        if above and not above.trashed_at
        else url_for("library.root", slug=company.slug)
    )
    undo_url = url_for("folders.restore", folder_id=folder.id)
    return to_page(back, text, {"undo_url": undo_url})


@blueprint.post("/folders/<uuid:folder_id>/restore")
@open_to("signed_in")
def restore(folder_id: uuid.UUID) -> ResponseReturnValue:
    folder = trash.lying_folder(folder_id)
    if folder is None:
        place = _place(folder_id)
        text = _("“%(name)s” is restored already.", name=place.folder.name)
        return to_page(place.url, text)
    restore_folder(folder, by=current_user)
    db.session.commit()
    company = db.session.get_one(Company, folder.company_id)
    return to_page(
        url_of(company, folder), _("“%(name)s” is restored.", name=folder.name)
    )
