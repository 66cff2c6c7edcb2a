"""The proof of a document's deliveries, worded no stronger than the evidence."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.connectors import catalogue
from app.db import db
from app.delivery.badges import Badge, delivery_badge
from app.delivery.models import Delivery
from app.library.models import Document
from app.texts import gettext as _


@dataclass(frozen=True)
class Proof:
    delivery: Delivery
    app_name: str
    badge: Badge
    label: str


def proofs(document: Document) -> list[Proof]:
    """One per delivery of the document, newest first. For the firm only."""
    found = db.session.scalars(
        select(Delivery)
        .options(joinedload(Delivery.connection))
        .where(Delivery.document_id == document.id)
        .order_by(Delivery.created_at.desc())
    )
    return [
        Proof(
            delivery=delivery,
            app_name=catalogue.get(delivery.connection.app_key).name,
            badge=delivery_badge(delivery),
            label=_label(delivery),
        )
        for delivery in found
    ]


def _label(delivery: Delivery) -> str:
    if delivery.state == "accepted":
        return _("Handed to the mail server")
    if delivery.state == "delivered":
        return _("Accepted by the recipient's server")
    if delivery.state == "cancelled":
        return _("Not sent: %(why)s", why=cancel_text(delivery.reason))
    return ""


def cancel_text(reason: str | None) -> str:
    return {
        "switch_off": _("the folder was switched off"),
        "moved_out": _("the document was moved out"),
        "trashed": _("the document was put in the trash"),
        "replaced": _("a newer version took its place"),
        "by_user": _("cancelled by a person"),
    }.get(reason or "", _("unknown reason"))
