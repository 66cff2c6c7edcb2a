"""Is it due? Decided once, when a version arrives in a folder, in its transaction.

The nearest explicit setting at or above the folder decides, for each connection and
slot. Nothing is ever decided from times, nor by looking for documents later.
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import literal, select
from sqlalchemy.orm import aliased, selectinload

from app.connectors import catalogue
from app.connectors.models import Connection, FolderSwitch
from app.db import db, new_id, utc_now
from app.delivery.message import encoded_size
from app.delivery.models import Delivery
from app.library.models import Arrival, Document, Folder, Version


@dataclass(frozen=True)
class Effective:
    """How one slot of a connection stands in a folder, and what decided it."""

    switch: FolderSwitch
    connection: Connection
    depth: int  # 0 at the folder itself, 1 at its parent…

    @property
    def connection_id(self) -> uuid.UUID:
        return self.switch.connection_id

    @property
    def slot(self) -> str:
        return self.switch.slot

    @property
    def is_on(self) -> bool:
        return self.switch.is_on


def effective_switches(folder_id: uuid.UUID) -> list[Effective]:
    """The deciding setting of each connection and slot at this folder."""
    start = (
        select(Folder.id, Folder.parent_id, literal(0).label("depth"))
        .where(Folder.id == folder_id)
        .cte("above", recursive=True)
    )
    parent = aliased(Folder)
    above = start.union_all(
        select(parent.id, parent.parent_id, start.c.depth + 1).join(
            start, parent.id == start.c.parent_id
        )
    )
    nearest: dict[tuple[uuid.UUID, str], Effective] = {}
    for switch, connection, depth in db.session.execute(
        select(FolderSwitch, Connection, above.c.depth)
        .join(above, above.c.id == FolderSwitch.folder_id)
        .join(Connection, Connection.id == FolderSwitch.connection_id)
        .where(FolderSwitch.closed_at.is_(None))
        .options(selectinload(Connection.destinations))
        .order_by(above.c.depth)
    ):
        key = (switch.connection_id, switch.slot)
        nearest.setdefault(key, Effective(switch, connection, depth))
    return list(nearest.values())


def arrival(document: Document, version: Version, arrived: Arrival) -> list[Delivery]:
    """The deliveries that this arrival makes due, or held with the reason; flushed.

    The company's shared lock is taken: which folders are on cannot change meanwhile.
    """
    due = [
        _delivery(document, version, arrived, setting)
        for setting in effective_switches(document.folder_id)
        if setting.is_on
    ]
    db.session.add_all(due)
    db.session.flush()
    return due


def _delivery(
    document: Document, version: Version, arrived: Arrival, setting: Effective
) -> Delivery:
    delivery_id = new_id()
    domain = setting.connection.bot_address.rpartition("@")[2]
    reason = hold_reason(document, setting.connection, setting.slot)
    now = utc_now()
    return Delivery(
        id=delivery_id,
        firm_id=document.firm_id,
        company_id=document.company_id,
        document_id=document.id,
        version_id=version.id,
        arrival_id=arrived.id,
        connection_id=setting.connection.id,
        slot=setting.slot,
        switch_id=setting.switch.id,
        state="held" if reason else "pending",
        reason=reason,
        not_before=now,
        message_id=f"<{delivery_id}.{version.number}@{domain}>",
        message_date=now.replace(microsecond=0),
        file_name=document.name,
        sha256=version.sha256,
        encoded_size=encoded_size(version.size),
    )


def hold_reason(document: Document, connection: Connection, slot: str) -> str | None:
    """Why the document may not leave to this connection now; None when it may."""
    app = catalogue.get(connection.app_key)
    if document.size == 0:
        return "empty"
    if not app.accepts(document.content_type):
        return "bad_type"
    if document.size > app.max_file_bytes:
        return "too_big"
    if not connection.is_authorised:
        return "revoked"
    if connection.refused_at is not None:
        return "refused"
    if connection.destination_for(slot) is None:
        return "no_connection"
    return None
