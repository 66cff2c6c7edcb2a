"""Is it due? Decided once, when a version arrives in a folder, in its transaction.

The nearest explicit setting at or above the folder decides, for each connection and
slot. Nothing is ever decided from times, nor by looking for documents later.
"""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, literal, select
from sqlalchemy.orm import aliased, joinedload

from app.connectors import apps
from app.connectors.catalogue import PartnerApp
from app.connectors.models import Connection, FolderSwitch
from app.db import db, new_id
from app.delivery.cancelling import cancel_waiting
from app.delivery.duplicates import is_held_duplicate
from app.delivery.message import encoded_size
from app.delivery.models import Delivery
from app.delivery.returning import earlier_deliveries, is_due_again
from app.delivery.settled_trail import note_settled
from app.delivery.unasked import hold_unasked
from app.library.models import Arrival, Document, Folder, Version

# Ways to arrive that bring a version which cannot have left before.
FRESH = ("upload", "email", "camera", "sync", "copy")

Key = tuple[uuid.UUID, str]  # connection and slot
Came = tuple[Document, Version, Arrival]


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
    def key(self) -> tuple[uuid.UUID, str]:
        return self.connection_id, self.slot

    @property
    def is_on(self) -> bool:
        return self.switch.is_on

    @property
    def at_folder_id(self) -> uuid.UUID:
        return self.switch.folder_id


def effective_switches(folder_id: uuid.UUID) -> list[Effective]:
    """The deciding setting of each connection and slot at this folder; one query."""
    found = db.session.execute(
        _asked_switches(),
        {"folder_id": folder_id},
        # The lock may have been waited for: what was read before it may be old.
        execution_options={"populate_existing": True},
    ).unique()
    nearest: dict[tuple[uuid.UUID, str], Effective] = {}
    for switch, connection, depth in found:
        key = (switch.connection_id, switch.slot)
        nearest.setdefault(key, Effective(switch, connection, depth))
    return list(nearest.values())


def switched_on(folder_id: uuid.UUID) -> list[Effective]:
    return [setting for setting in effective_switches(folder_id) if setting.is_on]


def newly_on(folder_id: uuid.UUID, before: uuid.UUID) -> list[Effective]:
    """What is on there and was not where they were: that stays as it is."""
    was_on = {setting.key for setting in switched_on(before)}
    return [here for here in switched_on(folder_id) if here.key not in was_on]


@cache
def _asked_switches() -> Select[FolderSwitch, Connection, int]:
    """All settings at the folder_id and above it, the nearest first."""
    start = (
        select(Folder.id, Folder.parent_id, literal(0).label("depth"))
        .where(Folder.id == bindparam("folder_id"))
        .cte("above", recursive=True)
    )
    parent = aliased(Folder)
    above = start.union_all(
        select(parent.id, parent.parent_id, start.c.depth + 1).join(
            start, parent.id == start.c.parent_id
        )
    )
    return (
        select(FolderSwitch, Connection, above.c.depth)
        .join(above, above.c.id == FolderSwitch.folder_id)
        .join(Connection, Connection.id == FolderSwitch.connection_id)
        .where(FolderSwitch.closed_at.is_(None))
        .options(joinedload(Connection.destinations))
        .order_by(above.c.depth, FolderSwitch.id)
    )


def arrival(document: Document, version: Version, arrived: Arrival) -> list[Delivery]:
    """The deliveries that this arrival makes due, or held with the reason; flushed. The
    company's shared lock is taken: which folders are on cannot change meanwhile."""
    here = switched_on(arrived.folder_id)
    return arrivals([(document, version, arrived)], here, arrived.kind)


def arrivals(
    coming: Iterable[Came], settings: Collection[Effective], kind: str
) -> list[Delivery]:
    """The same for many that come into one folder in one way, by these settings of it.
    They are not looked at where there are none."""
    if not settings:
        return []
    came = list(coming)
    is_fresh = kind in FRESH
    earlier = {} if is_fresh else earlier_deliveries([one[1] for one in came])
    again = [
        (made, before)
        for one in came
        for setting in settings
        for before in (earlier.get((one[1].id, *setting.key)),)
        if (made := _due(one, setting, before))
    ]
    hold_unasked(again)
    due = [made for made, _before in again]
    db.session.add_all(due)
    db.session.flush()
    note_settled(made.id for made in due if made.state == "held")
    # They may lie here; they leave when their new versions come.
    if rejected := [one[0].id for one in came if one[0].status == "rejected"]:
        cancel_waiting(document_ids=rejected, why="rejected")
    return due


def _due(came: Came, setting: Effective, before: Delivery | None) -> Delivery | None:
    document, version, arrived = came
    if not is_due_again(before, arrived.kind, setting.switch):
        return None
    made = make_delivery(
        document,
        version,
        setting.connection,
        setting.slot,
        arrived.at,
        is_duplicate=is_held_duplicate(setting.connection, version, arrived),
    )
    made.arrival_id, made.switch_id = arrived.id, setting.switch.id
    made.retry_of_id = before.id if before else None
    return made


def make_delivery(
    document: Document,
    version: Version,
    connection: Connection,
    slot: str,
    now: datetime,
    *,
    is_duplicate: bool = False,
) -> Delivery:
    """A delivery with all that is frozen in it; neither added nor flushed.

    `is_duplicate`: it waits for a person because of its bytes.
    """
    delivery_id = new_id()
    domain = connection.bot_address.rpartition("@")[2]
    reason = hold_reason(version, connection, slot, is_duplicate=is_duplicate)
    return Delivery(
        id=delivery_id,
        firm_id=document.firm_id,
        company_id=document.company_id,
        document_id=document.id,
        version_id=version.id,
        connection_id=connection.id,
        slot=slot,
        state="held" if reason else "pending",
        reason=reason,
        message_id=f"<{delivery_id}.{version.number}@{domain}>",
        file_name=document.name,
        sha256=version.sha256,
        encoded_size=encoded_size(version.size),
        not_before=now,
        message_date=now.replace(microsecond=0),
    )


def hold_reason(
    version: Version,
    connection: Connection,
    slot: str,
    *,
    is_duplicate: bool = False,
    is_looked_over: bool = False,
) -> str | None:
    """Why the version may not leave to this connection now; None when it may.

    What is wrong with the document comes before what is wrong with the connection: the
    latter goes away by itself. `is_looked_over`: a person takes the file as it is.
    """
    app = apps.find(connection.app_key)
    if app is None:
        return "no_connection"
    return _fault_of_file(version, app, is_looked_over) or (
        "duplicate_review" if is_duplicate else _fault_of_address(connection, slot)
    )


def _fault_of_file(
    version: Version, app: PartnerApp, is_looked_over: bool
) -> str | None:
    if version.size == 0:
        return "empty"
    leaves_as = app.sent_as(version.content_type)
    if leaves_as is None:
        return "bad_type"
    if version.defect and not is_looked_over:
        return version.defect
    # The size of one that is converted is known when that is done (`renditions`).
    is_itself = leaves_as == version.content_type
    if is_itself and version.size > app.largest(version.content_type):
        return "too_big"
    return None


def _fault_of_address(connection: Connection, slot: str) -> str | None:
    if not connection.is_authorised:
        return "revoked"
    destination = connection.destination_for(slot)
    if destination is None:
        return "no_connection"
    if destination.refused_at is not None:
        return "refused"
    return None
