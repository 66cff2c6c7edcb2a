"""The firm's form for a document's description and piece number."""

import uuid

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.db import db
from app.errors import Refused
from app.library.answering import to_page
from app.library.describing import (
    ChangedMeanwhile,
    Notes,
    describe,
    notes_of,
)
from app.library.finding import Place, document_or_404
from app.library.models import Document
from app.policy import open_to
from app.texts import gettext as _

blueprint = Blueprint("describing", __name__)


@blueprint.get("/documents/<uuid:document_id>/describe")
@open_to("firm")
def form(document_id: uuid.UUID) -> ResponseReturnValue:
    document, place = document_or_404(document_id)
    return _form(document, place, notes_of(document))


@blueprint.post("/documents/<uuid:document_id>/describe")
@open_to("firm")
def create(document_id: uuid.UUID) -> ResponseReturnValue:
    document, place = document_or_404(document_id)
    given = request.form
    typed = Notes(given.get("description", ""), given.get("piece_number", ""))
    try:
        describe(document, typed, seen=given.get("seen", ""), by=current_user)
    except Refused as refusal:
        db.session.rollback()
        return _form(document, place, typed, refusal)
    db.session.commit()
    here = url_for("library.document", document_id=document.id)
    return to_page(here, _("The description is saved."))


def _form(
    document: Document, place: Place, typed: Notes, error: Refused | None = None
) -> ResponseReturnValue:
    """After a change of somebody else, with theirs beside it: to save again is to know
    of it."""
    db.session.refresh(document)
    theirs = notes_of(document) if isinstance(error, ChangedMeanwhile) else None
    is_first = error is None or theirs is not None
    page = render_template(
        "library/describe.html",
        document=document,
        company=place.company,
        typed=typed,
        theirs=theirs,
        seen=notes_of(document).stamp if is_first else request.form.get("seen", ""),
        error=error,
        nav_current="documents",
    )
    return (page, error.status) if error else page
