"""List or grid: how folders are shown to a person, kept for all of theirs."""

import uuid
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.db import db
from app.library.finding import place_or_404
from app.people.models import FOLDER_VIEWS
from app.policy import only_reads, open_to

blueprint = Blueprint("folder_view", __name__)


@blueprint.post("/companies/<slug>/folders/<uuid:folder_id>/view")
@open_to("signed_in")
@only_reads  # the folder, that is
def create(slug: str, folder_id: uuid.UUID) -> ResponseReturnValue:
    place = place_or_404(slug, folder_id)
    view = request.form.get("view", "")
    if view not in FOLDER_VIEWS:
        abort(400)
    current_user.folder_view = view
    db.session.commit()
    here: dict[str, Any] = {"slug": place.company.slug, "folder_id": folder_id}
    for name in ("sort", "state", "after"):
        here[name] = request.form.get(name) or None
    return redirect(url_for("library.show", **here), 303)
