"""The firm judges a document: validate, refuse with a reason, take either back."""

import uuid
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.db import db
from app.errors import DoneAlready, Refused
from app.library.acted import in_list
from app.library.answering import Undo, form_of, to_page
from app.library.finding import Place, document_or_404
from app.library.judging import LONGEST_REASON, refuse, take_back, validate
from app.library.models import Document
from app.policy import open_to
from app.texts import gettext as _, ngettext

blueprint = Blueprint("judging", __name__)


def _from() -> str | None:
    return "list" if request.args.get("from") == "list" else None


def _back(document: Document, place: Place) -> str:
    """To the list where the person is at work, else to the document."""
    here = url_for("library.document", document_id=document.id)
    return place.url if _from() else here


def _answer(
    document: Document, place: Place, text: str, undo: Undo | None = None
) -> ResponseReturnValue:
    back = _back(document, place)
    if _from():
        return in_list(back, text, [document], undo)
    return to_page(back, text, undo)


def _told(document: Document, place: Place, so: DoneAlready) -> ResponseReturnValue:
    """In the list the row comes as it is now."""
    db.session.rollback()
    return _answer(document, place, so.message)


def _undo(document: Document) -> Undo:
    address: dict[str, Any] = {"document_id": document.id, "undo": "yes"}
    address["from"] = _from()
    return {
        "undo_url": url_for("judging.take_back_create", **address),
        "status": document.status,
    }


@blueprint.post("/documents/<uuid:document_id>/validate")
@open_to("firm")
def validate_create(document_id: uuid.UUID) -> ResponseReturnValue:
    document, place = document_or_404(document_id)
    try:
        validate(document, by=current_user)
    except DoneAlready as so:
        return _told(document, place, so)
    db.session.commit()
    text = _("“%(name)s” is validated.", name=document.name)
    return _answer(document, place, text, _undo(document))


@blueprint.get("/documents/<uuid:document_id>/refuse")
@open_to("firm")
def refuse_form(document_id: uuid.UUID) -> ResponseReturnValue:
    return _form(*document_or_404(document_id))


@blueprint.post("/documents/<uuid:document_id>/refuse")
@open_to("firm")
def refuse_create(document_id: uuid.UUID) -> ResponseReturnValue:
    document, place = document_or_404(document_id)
    try:
        called_off = refuse(document, request.form.get("reason", ""), by=current_user)
    except DoneAlready as so:
        return _told(document, place, so)
    except Refused as refusal:
        db.session.rollback()
        return _form(document, place, refusal)
    db.session.commit()
    text = _("“%(name)s” is refused. The client reads why.", name=document.name)
    if called_off:
        text += " " + ngettext(
            "%(num)d sending is called off.",
            "%(num)d sendings are called off.",
            called_off,
        )
    return _answer(document, place, text, _undo(document))


def _form(
    document: Document, place: Place, error: Refused | None = None
) -> ResponseReturnValue:
    return form_of(
        "library/refuse.html",
        error,
        document=document,
        company=place.company,
        came_from=_from(),
        back_url=_back(document, place),
        typed=request.form.get("reason", ""),
        longest=LONGEST_REASON,
    )


@blueprint.post("/documents/<uuid:document_id>/reopen")
@open_to("firm")
def take_back_create(document_id: uuid.UUID) -> ResponseReturnValue:
    document, place = document_or_404(document_id)
    status = request.form.get("status", "")
    is_undo = "undo" in request.args
    try:
        now = take_back(document, status, by=current_user, to_before=is_undo)
    except DoneAlready as so:
        return _told(document, place, so)
    db.session.commit()
    return _answer(document, place, _taken_back(status, now))


def _taken_back(before: str, now: str) -> str:
    if before == now == "validated":
        return _("Your validation is taken back. A tool has the document: it stays so.")
    if before == "validated":
        return _("The validation is taken back.")
    return _("The refusal is taken back. Nothing leaves by itself for that.")
