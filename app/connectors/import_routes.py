"""Importing the addresses of many companies: a file, what it would do, agreement.

Nothing is kept between the steps: the pages carry the file itself, and every step
reads it anew.
"""

import base64

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.connectors import import_applying, import_files, importing
from app.connectors.catalogue import PartnerApp
from app.connectors.finding import app_or_404
from app.connectors.import_body import the_file
from app.connectors.import_lines import Line, Plan
from app.db import db
from app.errors import Refused
from app.people.confirming import confirm_password
from app.policy import open_to, reads_its_own_body
from app.texts import gettext as _

blueprint = Blueprint("importing", __name__)
MOST_BODY_BYTES = 4_000_000  # the file in base64, and its lines' marks
SHOWN = 200


@blueprint.get("/apps/<key>/import")
@open_to("firm")
def show(key: str) -> ResponseReturnValue:
    return _page(app_or_404(key))


@blueprint.get("/apps/<key>/import/model.csv")
@open_to("firm")
def model(key: str) -> ResponseReturnValue:
    app = app_or_404(key)
    return _csv(import_files.model(app, by=current_user), f"adresses-{app.key}.csv")


@blueprint.post("/apps/<key>/import")
@open_to("firm")
@reads_its_own_body
def preview(key: str) -> ResponseReturnValue:
    """What the file would do, or the list of what is wrong with it."""
    app = app_or_404(key)
    try:
        raw = the_file()
        plan = importing.plan(raw, app, by=current_user)
    except Refused as refusal:
        return _page(app, error=refusal), 422
    if request.form.get("answer") == "errors":
        return _csv(import_files.errors(plan, app), f"erreurs-{app.key}.csv")
    return _dry_run(app, raw, plan)


@blueprint.post("/apps/<key>/import/apply")
@open_to("firm")
@reads_its_own_body
def apply(key: str) -> ResponseReturnValue:
    """Write what was agreed to. Sent twice, the second time finds nothing to do."""
    app = app_or_404(key)
    try:
        raw = the_file()
        seen = importing.plan(raw, app, by=current_user)
    except Refused as refusal:
        return _page(app, error=refusal), 422
    if stale := seen.changed_since(request.form.get("marks", "")):
        return _dry_run(app, raw, seen, stale=stale), 422
    try:
        _check_agreement(seen)
    except Refused as refusal:
        return _dry_run(app, raw, seen, error=refusal), 422
    import_applying.lock(seen)
    plan = importing.plan(raw, app, by=current_user)
    if stale := plan.changed_since(seen.marks):
        return _dry_run(app, raw, plan, stale=stale), 422
    done = import_applying.apply(plan, app, by=current_user)
    db.session.commit()
    return _page(app, template="import_done", done=done, plan=plan)


def _check_agreement(plan: Plan) -> None:
    if plan.counts["doubts"] and "doubts_seen" not in request.form:
        raise Refused(_("Say that you checked these lines."), "doubts")
    confirm_password(current_user, request.form.get("password", ""))


def _dry_run(
    app: PartnerApp,
    raw: bytes,
    plan: Plan,
    *,
    stale: list[Line] | None = None,
    error: Refused | None = None,
) -> str:
    lines = plan.by_urgency
    if stale:
        numbers = {line.row.line for line in stale}
        lines.sort(key=lambda line: line.row.line not in numbers)
    return _page(
        app,
        template="import_preview",
        content=base64.b64encode(raw).decode(),
        plan=plan,
        lines=lines[:SHOWN],
        hidden=max(0, len(lines) - SHOWN),
        stale={line.row.line for line in stale or []},
        error=error,
    )


def _page(app: PartnerApp, template: str = "import", **values: object) -> str:
    return render_template(
        f"connectors/{template}.html", app=app, nav_current="apps", **values
    )


def _csv(content: bytes, name: str) -> Response:
    answer = Response(content, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
