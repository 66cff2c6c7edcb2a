"""The firm's block in the pane of a folder: its switches, the next run, last sends."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from app.companies.models import Company
from app.connectors import apps
from app.connectors.catalogue import PartnerApp, Slot
from app.connectors.models import Connection, FolderSwitch
from app.db import db, utc_now
from app.delivery.badges import delivery_badge
from app.delivery.clock import next_slot
from app.delivery.models import LEASED, WAITING, Delivery
from app.library.models import Document, Folder

LAST_SENDS = 4


@dataclass(frozen=True)
class FolderApp:
    """One switch of the folder: an application's slot and how it stands here."""

    app: PartnerApp
    slot: Slot
    connection: Connection
    destination: str | None
    refusal: str  # what the server said to this address, or nothing
    is_on: bool
    is_explicit: bool
    # The folder above whose setting decides, when it is not this one.
    from_folder: Folder | None
    # Set off here under a folder that is on.
    is_cut: bool
    is_advised: bool

    @property
    def label(self) -> str:
        return self.app.label(self.slot)


@dataclass(frozen=True)
class Send:
    """One of the last deliveries of the folder, in a line."""

    document_id: uuid.UUID
    name: str
    at: datetime
    label: str
    tone: str


@dataclass(frozen=True)
class Block:
    items: list[FolderApp]
    next_run_at: datetime
    waiting: int
    period_seconds: int
    last: list[Send]


def block_for(company: Company, path: list[Folder]) -> Block:
    connections = db.session.scalars(
        select(Connection)
        .options(selectinload(Connection.destinations))
        .where(Connection.company_id == company.id, Connection.revoked_at.is_(None))
        .order_by(Connection.authorised_at)
    ).all()
    settings = _settings(path)
    items = [
        _item(connection, slot, path, settings)
        for connection in connections
        for slot in apps.get(connection.app_key).slots
    ]
    return Block(
        items=items,
        next_run_at=next_slot(utc_now()),
        waiting=_waiting(company),
        period_seconds=60 * int(current_app.config["TICK_MINUTES"]),
        last=_last(path[-1]),
    )


Settings = dict[tuple[object, object, str], FolderSwitch]


def _settings(path: list[Folder]) -> Settings:
    found = db.session.scalars(
        select(FolderSwitch).where(
            FolderSwitch.folder_id.in_([folder.id for folder in path]),
            FolderSwitch.closed_at.is_(None),
        )
    )
    return {(s.folder_id, s.connection_id, s.slot): s for s in found}


def _item(
    connection: Connection, slot: Slot, path: list[Folder], settings: Settings
) -> FolderApp:
    def setting_at(folder: Folder) -> FolderSwitch | None:
        return settings.get((folder.id, connection.id, slot.key))

    here = setting_at(path[-1])
    deciding = next((f for f in reversed(path) if setting_at(f)), None)
    decides = setting_at(deciding) if deciding else None
    above = next((s for f in reversed(path[:-1]) if (s := setting_at(f))), None)
    destination = connection.destination_for(slot.key)
    return FolderApp(
        app=apps.get(connection.app_key),
        slot=slot,
        connection=connection,
        destination=destination.address if destination else None,
        refusal=(destination.refusal or "") if destination else "",
        is_on=bool(decides and decides.is_on),
        is_explicit=here is not None,
        from_folder=deciding if here is None else None,
        is_cut=bool(here and not here.is_on and above and above.is_on),
        is_advised=not slot.folder_kinds
        or any(folder.kind in slot.folder_kinds for folder in path),
    )


def _waiting(company: Company) -> int:
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Delivery)
            .where(
                Delivery.company_id == company.id,
                Delivery.state.in_((*WAITING, *LEASED)),
            )
        )
        or 0
    )


def _last(folder: Folder) -> list[Send]:
    found = db.session.scalars(
        select(Delivery)
        .join(Document, Document.id == Delivery.document_id)
        .options(contains_eager(Delivery.document), joinedload(Delivery.connection))
        .where(Document.folder_id == folder.id, Document.trashed_at.is_(None))
        .order_by(Delivery.created_at.desc())
        .limit(LAST_SENDS)
    )
    return [_send(delivery) for delivery in found]


def _send(delivery: Delivery) -> Send:
    badge = delivery_badge(delivery)
    return Send(
        document_id=delivery.document_id,
        name=delivery.document.name,
        at=delivery.accepted_at or delivery.created_at,
        label=badge.label,
        tone=badge.tone,
    )
