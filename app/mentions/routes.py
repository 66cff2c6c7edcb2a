"""Who may be called to a comment, while its author types."""

import uuid

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.library.finding import document_or_404
from app.mentions.audience import offered
from app.policy import open_to
from app.typed import searched

blueprint = Blueprint("mentions", __name__)
LONGEST = 100


@blueprint.get("/documents/<uuid:document_id>/readers")
@open_to("signed_in")
def index(document_id: uuid.UUID) -> ResponseReturnValue:
    """What a client writes is shared, whatever is asked for."""
    document, _place = document_or_404(document_id)
    asked = request.args.get("visibility", "")
    is_shared = not current_user.is_firm_side or asked == "shared"
    typed = searched(request.args.get("q", ""), LONGEST)
    people = offered(
        document, "shared" if is_shared else "firm_only", typed, to=current_user
    )
    return render_template("mentions/_readers.html", people=people, typed=typed)
