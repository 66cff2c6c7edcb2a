"""The firm's block in the pane of a folder: its switches, the next run, last sends."""

from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.companies.models import Company
from app.connectors import apps
from app.connectors.catalogue import PartnerApp, Slot
from app.connectors.last_sends import Send, last_sends
from app.connectors.models import Connection, FirmApp, FolderSwitch
from app.db import db, utc_now
from app.delivery.clock import next_slot
from app.delivery.waiting import leaving
from app.library.models import Folder

Settings = dict[tuple[object, object, str], FolderSwitch]


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
    # Set off here under this folder, which is on.
    cut_under: Folder | None
    is_advised: bool

    @property
    def label(self) -> str:
        return self.app.label(self.slot)

    @property
    def is_shown(self) -> bool:
        """Meant for this folder, or set here or above; an only one always is."""
        is_only = len(self.app.slots) == 1
        return is_only or self.is_advised or self.is_on or self.is_explicit


@dataclass(frozen=True)
class AppLine:
    """An application with its switches; `folded` are those of no use here."""

    app: PartnerApp
    is_authorised: bool
    items: list[FolderApp]

    @property
    def shown(self) -> list[FolderApp]:
        return [item for item in self.items if item.is_shown]

    @property
    def folded(self) -> list[FolderApp]:
        return [item for item in self.items if not item.is_shown]

    @property
    def is_single(self) -> bool:
        return len(self.app.slots) == 1


@dataclass(frozen=True)
class Block:
    lines: list[AppLine]
    next_run_at: datetime
    waiting: int
    period_seconds: int
    last: list[Send]

    @property
    def items(self) -> list[FolderApp]:
        """The switches that may be set."""
        return [item for a in self.lines if a.is_authorised for item in a.items]

    @property
    def on(self) -> int:
        return sum(item.is_on for item in self.items)


def block_for(company: Company, path: list[Folder]) -> Block:
    return Block(
        lines=_lines(company, path),
        next_run_at=next_slot(utc_now()),
        waiting=leaving(company.id),
        period_seconds=60 * int(current_app.config["TICK_MINUTES"]),
        last=last_sends(path[-1]),
    )


def _lines(company: Company, path: list[Folder]) -> list[AppLine]:
    """Of what is connected, and of what was and could be again."""
    adopted = select(FirmApp.id).where(FirmApp.app_key == Connection.app_key).exists()
    connections = db.session.scalars(
        select(Connection)
        .options(selectinload(Connection.destinations))
        .where(
            Connection.company_id == company.id,
            Connection.revoked_at.is_(None) | adopted,
        )
        .order_by(Connection.authorised_at)
    ).all()
    settings = _settings(path)
    return [
        _line(app, connection, path, settings)
        for connection in connections
        if (app := apps.find(connection.app_key))
    ]


def _line(
    app: PartnerApp, connection: Connection, path: list[Folder], settings: Settings
) -> AppLine:
    items = [_item(app, connection, slot, path, settings) for slot in app.slots]
    return AppLine(app, connection.is_authorised, items)


def _settings(path: list[Folder]) -> Settings:
    found = db.session.scalars(
        select(FolderSwitch).where(
            FolderSwitch.folder_id.in_([folder.id for folder in path]),
            FolderSwitch.closed_at.is_(None),
        )
    )
    return {(s.folder_id, s.connection_id, s.slot): s for s in found}


def _item(
    app: PartnerApp,
    connection: Connection,
    slot: Slot,
    path: list[Folder],
    settings: Settings,
) -> FolderApp:
    def setting_at(folder: Folder) -> FolderSwitch | None:
        return settings.get((folder.id, connection.id, slot.key))

    def is_on(folder: Folder | None) -> bool:
        decides = setting_at(folder) if folder else None
        return bool(decides and decides.is_on)

    here = setting_at(path[-1])
    deciding = next((f for f in reversed(path) if setting_at(f)), None)
    above = next((f for f in reversed(path[:-1]) if setting_at(f)), None)
    destination = connection.destination_for(slot.key)
    return FolderApp(
        app=app,
        slot=slot,
        connection=connection,
        destination=destination.address if destination else None,
        refusal=(destination.refusal or "") if destination else "",
        is_on=is_on(deciding),
        is_explicit=here is not None,
        from_folder=deciding if here is None else None,
        cut_under=above if here and not here.is_on and is_on(above) else None,
        is_advised=_is_advised(slot, path),
    )


def _is_advised(slot: Slot, path: list[Folder]) -> bool:
    kinds = slot.folder_kinds
    return not kinds or any(folder.kind in kinds for folder in path)
