"""Photographing a paper of several pages, on a phone or with files that are there."""

import uuid

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.db import db, new_id
from app.errors import Refused
from app.library.answering import to_page
from app.library.finding import Place, document_or_404, place_or_404
from app.library.past import may_see_still
from app.library.receiving import give_back, store
from app.library.sending_out import as_download
from app.library.uploads import received_together
from app.pages import scanning
from app.policy import open_to, reads_its_own_body
from app.texts import ngettext

blueprint = Blueprint("scanning", __name__)


def _place(slug: str, folder_id: uuid.UUID) -> Place:
    place = place_or_404(slug, folder_id)
    if not place.sight.may_deposit_in(place.folder):
        abort(403)
    return place


@blueprint.get("/companies/<slug>/folders/<uuid:folder_id>/scan")
@open_to("signed_in")
def show(slug: str, folder_id: uuid.UUID) -> ResponseReturnValue:
    return _form(_place(slug, folder_id))


def _form(
    place: Place, error: Refused | None = None, typed: str = ""
) -> ResponseReturnValue:
    page = render_template(
        "pages/scan.html",
        company=place.company,
        folder=place.folder,
        back_url=place.url,
        upload_id=new_id(),
        most=scanning.MOST,
        error=error.message if error else None,
        typed=typed,
        nav_current="documents",
    )
    return (page, error.status) if error else page


@blueprint.post("/companies/<slug>/folders/<uuid:folder_id>/scan")
@open_to("signed_in")
@reads_its_own_body
def create(slug: str, folder_id: uuid.UUID) -> ResponseReturnValue:
    """By HTMX a refusal is a message, and the photos stay in the page."""
    place = _place(slug, folder_id)
    db.session.commit()  # no transaction while the photos flow in
    typed = ""
    try:
        with received_together(request) as body:
            typed = body.fields.get("name", "")
            pdf = scanning.scanned(body.whole, typed)
            try:
                done = scanning.scan(
                    body.whole,
                    pdf,
                    place.folder,
                    by=current_user,
                    upload_id=body.identity(*body.whole),
                )
            except Exception:
                give_back(pdf)
                raise
    except Refused as refusal:
        db.session.rollback()
        if htmx.is_fragment():
            raise
        return _form(place_or_404(slug, folder_id), refusal, typed)
    # Should this fail, the bytes stay: nobody can tell whether the rows are there.
    db.session.commit()
    name, url = done.document.name, None
    if done.is_repeat:
        for file in (*body.whole, pdf):
            give_back(file)
        if not may_see_still(done.document, current_user):
            name, url = pdf.name, place.url
    text = ngettext(
        "“%(name)s” is deposited, with its page.",
        "“%(name)s” is deposited, with its %(num)d pages.",
        len(body.whole),
        name=name,
    )
    return to_page(
        url or url_for("library.document", document_id=done.document.id), text
    )


@blueprint.get("/documents/<uuid:document_id>/photos/<int:number>/download")
@open_to("signed_in")
def photo(document_id: uuid.UUID, number: int) -> ResponseReturnValue:
    """`number` counts from 1, over all that the document was made of that they see."""
    document, place = document_or_404(document_id)
    found = scanning.photos_of(document, place, current_user)
    if not 0 < number <= len(found):
        abort(404)
    wanted = found[number - 1]
    db.session.commit()
    return as_download(store().open(wanted.storage_key), wanted)
