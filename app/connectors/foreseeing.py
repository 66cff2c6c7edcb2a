"""What a switch will do, in numbers, before it does anything."""

import hashlib
import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, select

from app.connectors import reach
from app.connectors.models import Connection, Destination, FolderSwitch
from app.db import db
from app.delivery import covering
from app.delivery.models import DONE, LEASED, WAITING, Delivery
from app.library.models import Document, Folder, Version

MOST_AT_ONCE = 500  # documents that one act may send by hand


@dataclass(frozen=True)
class Foreseen:
    """What a dialog shows; `stamp` changes with it."""

    is_on: bool
    address: str | None
    folders: int  # below this one
    cut: int  # of them, cut on their own: switching on makes them follow again
    staying: int  # documents here and below that switching on does not send
    sendable: int  # of them, those that a person may send at the same time
    sendable_bytes: int
    waiting: int  # documents that switching off keeps from leaving
    held: int  # documents that wait for a person, and are given up with it

    def stamp(self, state: str) -> str:
        """Of what the dialog for this state says."""
        on = (self.address, self.folders, self.cut, self.staying, self.sendable)
        shown = on if state == "on" else (self.waiting, self.held)
        return hashlib.sha256(repr((state, shown)).encode()).hexdigest()[:16]


def foresee(folder: Folder, connection: Connection, slot: str) -> Foreseen:
    """Under the company's lock, what it says is still so when it is done."""
    inside = reach.subtree(folder.id)
    folders = db.session.scalar(select(func.count()).select_from(inside)) or 1
    staying, sendable, size = _staying(folder, connection, slot)
    waiting, held = _waiting(folder, connection, slot)
    address = select(Destination.address).where(
        Destination.connection_id == connection.id, Destination.slot == slot
    )
    return Foreseen(
        is_on=covering.is_on(folder.id, connection.id, slot),
        address=db.session.scalar(address),
        folders=folders - 1,
        cut=_cut_below(folder, connection, slot),
        staying=staying,
        sendable=sendable,
        sendable_bytes=size,
        waiting=waiting,
        held=held,
    )


def _staying(folder: Folder, connection: Connection, slot: str) -> tuple[int, int, int]:
    is_one = _is_sendable(connection, slot)
    staying, sendable, size = db.session.execute(
        select(
            func.count(),
            func.count().filter(is_one),
            func.coalesce(func.sum(Document.size).filter(is_one), 0),
        )
        .select_from(Document)
        .where(*_stay(folder, connection, slot))
    ).one()
    return staying, sendable, int(size)


def _waiting(folder: Folder, connection: Connection, slot: str) -> tuple[int, int]:
    waiting, held = db.session.execute(
        select(
            func.count().filter(Delivery.state != "held"),
            func.count().filter(Delivery.state == "held"),
        )
        .select_from(Delivery)
        .where(Delivery.id.in_(to_cancel(folder, connection, slot)))
    ).one()
    return waiting, held


def to_send(
    folder: Folder, connection: Connection, slot: str
) -> list[tuple[Document, Version]]:
    """What a person may send while switching on: received, and never sent there."""
    found = db.session.execute(
        select(Document, Version)
        .join(
            Version,
            (Version.document_id == Document.id)
            & (Version.number == Document.version_number),
        )
        .where(
            *_stay(folder, connection, slot),
            _is_sendable(connection, slot),
        )
        .order_by(Document.arrived_at, Document.id)
    )
    return [(document, version) for document, version in found]


def to_cancel(
    folder: Folder, connection: Connection, slot: str, *, even_held: bool = True
) -> Select[uuid.UUID]:
    """Ids of the deliveries that switching the folder off gives up."""
    states = (*WAITING, *LEASED, "held") if even_held else (*WAITING, *LEASED)
    following = reach.following(folder.id, connection, slot)
    return (
        select(Delivery.id)
        .join(Document, Document.id == Delivery.document_id)
        .where(
            Delivery.connection_id == connection.id,
            Delivery.slot == slot,
            Delivery.switch_id.is_not(None),
            Delivery.state.in_(states),
            Document.folder_id.in_(select(following.c.id)),
        )
    )


def _cut_below(folder: Folder, connection: Connection, slot: str) -> int:
    inside = reach.subtree(folder.id)
    cut = select(func.count(FolderSwitch.id)).where(
        *reach.open_for(connection, slot),
        FolderSwitch.is_on.is_(False),
        FolderSwitch.folder_id.in_(select(inside.c.id)),
        FolderSwitch.folder_id != folder.id,
    )
    return db.session.scalar(cut) or 0


def _stay(
    folder: Folder, connection: Connection, slot: str
) -> tuple[ColumnElement[bool], ...]:
    """Neither sent there nor on its way."""
    inside = reach.subtree(folder.id)
    return (
        Document.folder_id.in_(select(inside.c.id)),
        Document.trashed_at.is_(None),
        ~_has_delivery(connection, slot, (*WAITING, *LEASED, *DONE, "held")),
    )


def _is_sendable(connection: Connection, slot: str) -> ColumnElement[bool]:
    """A doubtful one is not: it may be there already."""
    return (Document.status == "received") & ~_has_delivery(
        connection, slot, ("unknown",)
    )


def _has_delivery(
    connection: Connection, slot: str, states: tuple[str, ...]
) -> ColumnElement[bool]:
    return (
        select(Delivery.id)
        .join(Version, Version.id == Delivery.version_id)
        .where(
            Delivery.document_id == Document.id,
            Version.number == Document.version_number,
            Delivery.connection_id == connection.id,
            Delivery.slot == slot,
            Delivery.state.in_(states),
        )
        .exists()
    )
