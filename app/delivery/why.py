"""«Pourquoi ?»: for a document and each connected tool, why it left, leaves or stays.

One sentence, from what is recorded; nothing is guessed from times but the words.
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.connectors import apps
from app.connectors.catalogue import PartnerApp
from app.connectors.models import Connection
from app.db import db, utc_now
from app.delivery.badges import hold_detail, reason_text
from app.delivery.clock import next_slot
from app.delivery.models import DONE, Delivery
from app.delivery.planning import Effective, effective_switches
from app.delivery.proof import cancel_text
from app.formats import clock, filesize, fulltime
from app.library.models import Arrival, Document, Folder, Rendition, Version
from app.texts import gettext as _


@dataclass(frozen=True)
class Because:
    """What holds for one slot of one connection."""

    connection: Connection
    slot: str
    label: str  # of the application, with its slot
    # of the delivery, or: before_switch, switched_off, not_switched, changed_since,
    # came_with_folder
    state: str
    text: str


def why(document: Document) -> list[Because]:
    """One for each connected tool; for each of its slots that has to do with it."""
    version = db.session.scalars(
        select(Version).where(
            Version.document_id == document.id,
            Version.number == document.version_number,
        )
    ).one()
    settings = {
        (s.connection_id, s.slot): s for s in effective_switches(document.folder_id)
    }
    newest = _newest(document)
    connections = db.session.scalars(
        select(Connection)
        .options(selectinload(Connection.destinations))
        .where(Connection.company_id == document.company_id)
        .order_by(Connection.authorised_at)
    )
    found = []
    for connection in connections:
        app = apps.find(connection.app_key)
        if app is None:
            continue
        concerned = [
            slot
            for slot in app.slots
            if (connection.id, slot.key) in newest
            or _is_on(settings.get((connection.id, slot.key)))
        ]
        if not connection.is_authorised and not concerned:
            continue
        for slot in concerned or app.slots[:1]:
            key = (connection.id, slot.key)
            state, text = _because(
                document, version, app, newest.get(key), settings.get(key)
            )
            found.append(Because(connection, slot.key, app.label(slot), state, text))
    return found


def _is_on(setting: Effective | None) -> bool:
    return setting is not None and setting.is_on


def _newest(document: Document) -> dict[tuple[uuid.UUID, str], Delivery]:
    found = db.session.scalars(
        select(Delivery)
        .where(Delivery.document_id == document.id)
        .order_by(Delivery.id)
    )
    return {(row.connection_id, row.slot): row for row in found}


def _because(
    document: Document,
    version: Version,
    app: PartnerApp,
    delivery: Delivery | None,
    setting: Effective | None,
) -> tuple[str, str]:
    if delivery is None:
        return _never_due(document, setting)
    if delivery.version_id != version.id and delivery.state in DONE:
        text = _("Changed since it was sent: the new version leaves by hand only.")
        return "changed_since", text
    return delivery.state, _of_delivery(delivery, version, app)


def _never_due(document: Document, setting: Effective | None) -> tuple[str, str]:
    if setting is None:
        return "not_switched", _("No folder above it is switched on for this tool.")
    at = db.session.get_one(Folder, setting.at_folder_id)
    if not setting.is_on:
        return "switched_off", _("The folder “%(folder)s” is off.", folder=at.name)
    arrived = db.session.scalar(
        select(Arrival.at)
        .where(Arrival.document_id == document.id)
        .order_by(Arrival.id.desc())
        .limit(1)
    )
    opened = setting.switch.opened_at
    if arrived is not None and arrived > opened:
        return "came_with_folder", _("It came here with its folder: not by itself.")
    return "before_switch", _(
        "Deposited before “%(folder)s” was switched on, on %(time)s.",
        folder=at.name,
        time=fulltime(opened),
    )


def _of_delivery(delivery: Delivery, version: Version, app: PartnerApp) -> str:
    state = delivery.state
    if state in DONE:
        return _left(delivery)
    if state == "held":
        return _held(delivery, version, app)
    if state in {"pending", "deferred"}:
        return _will_leave(delivery)
    if state in {"failed", "bounced"}:
        said = delivery.last_text or reason_text(delivery.reason)
        return _("Refused: %(text)s", text=said)
    return {
        "sending": _("Is being sent."),
        "in_doubt": _("Is being sent."),
        "unknown": _("Uncertain: the line was cut at the moment of sending."),
        "cancelled": _("Will not leave: %(why)s.", why=cancel_text(delivery.reason)),
    }[state]


def _left(delivery: Delivery) -> str:
    at = delivery.accepted_at or delivery.settled_at or delivery.created_at
    if delivery.reason == "by_hand":
        return _("Marked as received on %(time)s.", time=fulltime(at))
    return _(
        "Sent to %(address)s on %(time)s.",
        address=delivery.destination or "–",
        time=fulltime(at),
    )


def _will_leave(delivery: Delivery) -> str:
    at = clock(next_slot(max(utc_now(), delivery.not_before)))
    if delivery.state == "pending":
        return _("Will leave at %(time)s.", time=at)
    said = delivery.last_text or _("unknown reason")
    return _("Will be tried again at %(time)s: %(why)s", time=at, why=said)


def _held(delivery: Delivery, version: Version, app: PartnerApp) -> str:
    if delivery.reason == "too_big":
        made = delivery.rendition_id and db.session.get(
            Rendition, delivery.rendition_id
        )
        leaving = made or version
        return _(
            "%(size)s, the limit of %(app)s is %(limit)s.",
            size=filesize(leaving.size),
            app=app.name,
            limit=filesize(app.largest(leaving.content_type)),
        )
    if delivery.reason == "duplicate_review" and (first := _twin_of(delivery)):
        return _(
            "Same content as “%(name)s”, deposited on %(time)s: a person decides.",
            name=first.name,
            time=fulltime(first.arrived_at),
        )
    reason = reason_text(delivery.reason)
    return hold_detail(delivery) or _("Waits: %(reason)s.", reason=reason)


def _twin_of(delivery: Delivery) -> Document | None:
    """The oldest document of the company that has the same bytes."""
    return db.session.scalars(
        select(Document)
        .where(
            Document.company_id == delivery.company_id,
            Document.sha256 == delivery.document.sha256,
            Document.id != delivery.document_id,
            Document.trashed_at.is_(None),
        )
        .order_by(Document.arrived_at, Document.id)
        .limit(1)
    ).one_or_none()
