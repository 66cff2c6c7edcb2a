"""Sending by hand: «Transmettre», for the firm's staff."""

import uuid

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.connectors import apps
from app.connectors.finding import connection_or_404
from app.db import db
from app.delivery.badges import delivery_badge
from app.delivery.by_hand import transmit_current
from app.errors import Refused
from app.library.answering import to_page
from app.library.finding import document_or_404
from app.policy import open_to
from app.texts import gettext as _

blueprint = Blueprint("delivery", __name__)


@blueprint.post("/documents/<uuid:document_id>/transmit")
@open_to("firm")
def transmit_create(document_id: uuid.UUID) -> ResponseReturnValue:
    document, place = document_or_404(document_id)
    connection = connection_or_404(place.company, request.form.get("connection", ""))
    app = apps.get(connection.app_key)
    slot = request.form.get("slot") or app.slots[0].key
    if app.slot(slot) is None:
        raise Refused(_("%(app)s has no such address.", app=app.name))
    made = transmit_current(document, connection, slot, by=current_user)
    db.session.commit()
    return to_page(
        url_for("library.document", document_id=document.id),
        _("%(app)s: %(state)s", app=app.name, state=delivery_badge(made).label),
    )
