"""The store of partner applications: those of the firm, and the others."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.connectors import panel
from app.policy import open_to

blueprint = Blueprint("store", __name__)


@blueprint.get("/apps")
@open_to("firm")
def index() -> ResponseReturnValue:
    return render_template(
        "connectors/index.html", cards=panel.cards(), nav_current="apps"
    )
