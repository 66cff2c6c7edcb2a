"""The addresses of what a document looks like: pictures of its pages, its versions."""

import uuid

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.db import db
from app.library.finding import document_or_404
from app.library.receiving import store
from app.library.sending_out import as_download, flowing
from app.library.taking import current_version
from app.pages.jobs import ask_again
from app.pages.making import MOST_PAGES, PAGE, THUMBNAIL, WIDTHS
from app.pages.models import PageImage
from app.pages.versions import version_or_none
from app.pages.viewing import may_come, picture_of, viewer
from app.policy import open_to
from app.storage import Missing
from app.typed import whole

blueprint = Blueprint("pages", __name__)


@blueprint.get("/documents/<uuid:document_id>/pages/<int:number>.webp")
@open_to("signed_in")
def image(document_id: uuid.UUID, number: int) -> ResponseReturnValue:
    document, _place = document_or_404(document_id)
    width = whole(request.args.get("w"), PAGE)
    may_be = width in WIDTHS and number <= MOST_PAGES
    picture = picture_of(document, number, width) if may_be else None
    if picture is None:
        abort(404)
    db.session.commit()
    return _as_picture(picture)


@blueprint.get("/documents/<uuid:document_id>/thumbnail.webp")
@open_to("signed_in")
def thumbnail(document_id: uuid.UUID) -> ResponseReturnValue:
    """Of the first page, for the grid. Nothing (204) where there is none: not yet, and
    then it is asked for, or never."""
    document, _place = document_or_404(document_id)
    picture = picture_of(document, 1, THUMBNAIL)
    if picture is not None:
        db.session.commit()
        return _as_picture(picture)
    is_coming = may_come(current_version(document))
    if is_coming:
        ask_again(current_version(document).id)
    return "", 204, {"Cache-Control": "no-store"}


@blueprint.get("/documents/<uuid:document_id>/preview")
@open_to("signed_in")
def preview(document_id: uuid.UUID) -> ResponseReturnValue:
    """The poll, while pictures are being made."""
    document, _place = document_or_404(document_id)
    if not htmx.is_fragment():
        return redirect(url_for("library.document", document_id=document.id))
    poll = whole(request.args.get("poll"), 1)
    return render_template(
        "pages/_viewer.html",
        viewer=viewer(document, current_version(document), poll),
        document=document,
        download_url=url_for("library.download", document_id=document.id),
    )


@blueprint.get("/documents/<uuid:document_id>/versions/<int:number>/download")
@open_to("signed_in")
def download_version(document_id: uuid.UUID, number: int) -> ResponseReturnValue:
    document, place = document_or_404(document_id)
    if number > document.version_number:
        abort(404)
    version = version_or_none(document, number, place, current_user)
    if version is None:
        abort(404)
    db.session.commit()
    return as_download(store().open(version.storage_key), document, version)


def _as_picture(picture: PageImage) -> Response:
    """Kept by the person's own browser, which asks each time whether it still may."""
    if picture.sha256 in request.if_none_match:
        response = make_response("", 304)
    else:
        try:
            blob = store().open(picture.storage_key)
        except Missing:
            abort(404)
        response = flowing(blob, "image/webp", picture.size)
    response.set_etag(picture.sha256)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
