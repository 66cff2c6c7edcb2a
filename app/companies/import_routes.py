"""Importing companies: a file, what it would do, agreement, what became of it.

Nothing is kept between the steps: the pages carry the file itself.
"""

import base64

from flask import Blueprint, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.companies import importing
from app.companies.importing import Line
from app.connectors.import_body import the_file
from app.db import db
from app.errors import Refused
from app.policy import open_to, reads_its_own_body

blueprint = Blueprint("companies_import", __name__)


@blueprint.get("/companies/import")
@open_to("firm_admins")
def show() -> ResponseReturnValue:
    return _page("import")


@blueprint.get("/companies/import/model.csv")
@open_to("firm_admins")
def model() -> ResponseReturnValue:
    return _csv(importing.model(), "entreprises.csv")


@blueprint.post("/companies/import")
@open_to("firm_admins")
@reads_its_own_body
def preview() -> ResponseReturnValue:
    """What the file would do, or the list of what is wrong with it."""
    try:
        raw = the_file()
        lines = importing.plan(raw, g.firm)
    except Refused as refusal:
        return _page("import", error=refusal), 422
    if request.form.get("answer") == "errors":
        return _csv(importing.errors(lines), "erreurs-entreprises.csv")
    return _page("import_preview", lines=_ordered(lines), content=_kept(raw))


@blueprint.post("/companies/import/apply")
@open_to("firm_admins")
@reads_its_own_body
def apply() -> ResponseReturnValue:
    """Sent twice, the second time finds its companies there."""
    try:
        raw = the_file()
        lines = importing.plan(raw, g.firm)
    except Refused as refusal:
        return _page("import", error=refusal), 422
    done = importing.apply(lines, g.firm, by=current_user)
    db.session.commit()
    return _page("import_done", lines=_ordered(done), content=_kept(raw))


def _ordered(lines: list[Line]) -> list[Line]:
    """What is wrong first."""
    return sorted(lines, key=lambda line: line.verdict != "error")


def _kept(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _page(name: str, lines: list[Line] | None = None, **values: object) -> str:
    return render_template(
        f"companies/{name}.html",
        lines=lines,
        counts=importing.counts(lines or []),
        nav_current="documents",
        **values,
    )


def _csv(content: bytes, name: str) -> Response:
    answer = Response(content, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
