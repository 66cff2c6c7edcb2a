"""Which companies are connected to what, on a page and in a file; the firm's only."""

from datetime import UTC, datetime

from flask import Blueprint, Response, g, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue
from flask_babel import to_user_timezone

from app.connectors.overview import overview
from app.connectors.overview_csv import csv_file
from app.connectors.overview_search import wanted
from app.policy import open_to

blueprint = Blueprint("overview", __name__)


@blueprint.get("/apps/connections")
@open_to("firm")
def index() -> ResponseReturnValue:
    return render_template(
        "connectors/overview.html",
        overview=overview(wanted(request.args)),
        nav_current="apps",
    )


@blueprint.get("/apps/connections.csv")
@open_to("firm")
def export() -> ResponseReturnValue:
    lines = stream_with_context(csv_file(wanted(request.args)))
    today = to_user_timezone(datetime.now(UTC)).date()
    name = f"connexions-{g.firm.slug}-{today}.csv"
    return Response(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
