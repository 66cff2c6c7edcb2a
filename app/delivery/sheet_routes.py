"""The proof sheet of a document, to take away: for the firm only."""

import uuid

from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from app.companies.models import Company
from app.db import db
from app.delivery.sheet import sheet
from app.delivery.sheet_file import as_json, as_pdf
from app.library.models import Document
from app.policy import open_to

blueprint = Blueprint("proof", __name__)


@blueprint.get("/deliveries/proof/<uuid:document_id>.pdf")
@open_to("firm")
def pdf(document_id: uuid.UUID) -> ResponseReturnValue:
    data = as_pdf(sheet(_document_or_404(document_id)))
    return _file(data, "application/pdf", f"preuve-{document_id}.pdf")


@blueprint.get("/deliveries/proof/<uuid:document_id>.json")
@open_to("firm")
def data(document_id: uuid.UUID) -> ResponseReturnValue:
    shown = as_json(sheet(_document_or_404(document_id)))
    return _file(shown, "application/json", f"preuve-{document_id}.json")


def _document_or_404(document_id: uuid.UUID) -> Document:
    """One in the trash too: what was sent of it stays sent."""
    allowed = Company.visible_to(current_user).with_only_columns(Company.id)
    wanted = select(Document).where(
        Document.id == document_id, Document.company_id.in_(allowed)
    )
    return db.session.scalars(wanted).one_or_none() or abort(404)


def _file(content: bytes, content_type: str, name: str) -> Response:
    answer = Response(content, content_type=content_type)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
