"""The proof of a document's deliveries, worded no stronger than the evidence."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.companies.models import Company
from app.connectors import apps
from app.connectors.catalogue import PartnerApp, Slot
from app.connectors.models import Connection
from app.db import db
from app.delivery.badges import Badge, delivery_badge
from app.delivery.models import DONE, LEASED, WAITING, Delivery
from app.delivery.ours import in_words
from app.delivery.repeats import ARRIVED, is_no_needless_one
from app.library.models import Document
from app.texts import gettext as _


@dataclass(frozen=True)
class Proof:
    delivery: Delivery
    app: PartnerApp
    badge: Badge
    label: str
    reply: str


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
            app=apps.get(delivery.connection.app_key),
            badge=delivery_badge(delivery),
            label=_label(delivery),
            reply=in_words(delivery.last_text),
        )
        for delivery in found
    ]


def _label(delivery: Delivery) -> str:
    if delivery.state == "accepted":
        return _("Handed to the mail server")
    if delivery.state == "delivered" and delivery.reason == "by_hand":
        return _("Marked as received")
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
        "rejected": _("the firm refused the document"),
        "replaced": _("a newer version took its place"),
        "by_user": _("cancelled by a person"),
        ARRIVED: _("an earlier sending of it has arrived"),
    }.get(reason or "", _("unknown reason"))


@dataclass(frozen=True)
class Offer:
    """Somewhere that a person may send the document to by hand."""

    connection: Connection
    slot: str
    label: str
    # It was sent, or tried, before: a second copy is possible.
    is_repeat: bool


def offers(document: Document) -> list[Offer]:
    """The connections that have not got the document and are not about to; none in an
    archived company."""
    if db.session.get_one(Company, document.company_id).archived_at is not None:
        return []
    last = {
        (d.connection_id, d.slot): d.state
        for d in db.session.scalars(
            select(Delivery)
            .where(Delivery.document_id == document.id, is_no_needless_one())
            .order_by(Delivery.created_at)
        )
    }
    connections = db.session.scalars(
        select(Connection)
        .where(
            Connection.company_id == document.company_id,
            Connection.revoked_at.is_(None),
        )
        .order_by(Connection.authorised_at)
    )
    return [
        _offer(connection, slot, last.get((connection.id, slot.key)))
        for connection in connections
        for slot in apps.get(connection.app_key).slots
        if last.get((connection.id, slot.key)) not in (*WAITING, *LEASED, *DONE)
    ]


def _offer(connection: Connection, slot: Slot, before: str | None) -> Offer:
    label = apps.get(connection.app_key).label(slot)
    return Offer(connection, slot.key, label, before in {"unknown", "bounced"})
