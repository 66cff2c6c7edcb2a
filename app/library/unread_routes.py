"""«Tout marquer comme lu»: a folder and those below, for the person who asks."""

import uuid

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.db import db
from app.library.answering import to_page
from app.library.finding import place_or_404
from app.library.unread import mark_read
from app.policy import only_reads, open_to
from app.texts import gettext as _

blueprint = Blueprint("unread", __name__)


@blueprint.post("/companies/<slug>/folders/<uuid:folder_id>/read")
@open_to("signed_in")
@only_reads  # the documents, that is
def create(slug: str, folder_id: uuid.UUID) -> ResponseReturnValue:
    place = place_or_404(slug, folder_id)
    mark_read(place.folder, place.sight, place.company, current_user)
    db.session.commit()
    return to_page(place.url, _("All is marked as read, for you."))
