"""Comments of a document: write one, remove one's own."""

import uuid

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from app import htmx
from app.db import db
from app.errors import Refused
from app.library.commenting import (
    comment,
    comments_of,
    remove_comment,
    usual_audience,
)
from app.library.finding import Place, document_or_404
from app.library.models import Comment, Document
from app.policy import open_to

blueprint = Blueprint("comments", __name__)


@blueprint.get("/documents/<uuid:document_id>/comments")
@open_to("signed_in")
def show(document_id: uuid.UUID) -> ResponseReturnValue:
    return _show(*document_or_404(document_id))


@blueprint.post("/documents/<uuid:document_id>/comments")
@open_to("signed_in")
def create(document_id: uuid.UUID) -> ResponseReturnValue:
    document, place = document_or_404(document_id)
    body = request.form.get("body", "")
    try:
        comment(document, body, request.form.get("visibility", ""), by=current_user)
    except Refused as refusal:
        db.session.rollback()
        return _show(document, place, refusal)
    db.session.commit()
    return _answer(document, place)


@blueprint.post("/documents/<uuid:document_id>/comments/<uuid:comment_id>/remove")
@open_to("signed_in")
def remove(document_id: uuid.UUID, comment_id: uuid.UUID) -> ResponseReturnValue:
    document, place = document_or_404(document_id)
    made = db.session.scalar(
        select(Comment).where(
            Comment.id == comment_id,
            Comment.document_id == document.id,
            Comment.author_id == current_user.id,
        )
    )
    if made is None:
        abort(404)
    remove_comment(document, made, by=current_user)
    db.session.commit()
    return _answer(document, place)


def _answer(document: Document, place: Place) -> ResponseReturnValue:
    if htmx.is_fragment():
        return _show(document, place)
    here = url_for("library.document", document_id=document.id, _anchor="comments")
    return redirect(here, 303)


def _show(
    document: Document, place: Place, error: Refused | None = None
) -> ResponseReturnValue:
    """The part of the document's page, or a page of its own."""
    is_part = htmx.is_fragment()
    page = render_template(
        "library/_comments.html" if is_part else "library/comments.html",
        document=document,
        company=place.company,
        remarks=comments_of(document, current_user),
        audience=request.form.get("visibility")
        or usual_audience(document, current_user),
        typed=request.form.get("body", "") if error else "",
        error=error,
        nav_current="documents",
    )
    return (page, 422) if error else page
