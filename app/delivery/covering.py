"""What follows for waiting deliveries when switches or connections change.

Acts, under the company's exclusive lock; the caller commits. A delivery in a worker's
hands is only asked to stop: the worker looks once more before the final dot.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import ColumnElement, Select, select, update

from app.connectors.models import Connection
from app.db import among, db
from app.delivery.cancelling import cancel_waiting
from app.delivery.models import LEASED, WAITING, Delivery
from app.delivery.planning import effective_switches
from app.delivery.settled_trail import note_settled
from app.library.models import Document

# Connection, slot, and the period that has a folder on; None: it is off.
Decided = tuple[uuid.UUID, str, uuid.UUID | None]


def is_on(folder_id: uuid.UUID, connection_id: uuid.UUID, slot: str) -> bool:
    """Whether the nearest explicit setting at or above the folder is on."""
    return (connection_id, slot) in _on_at(folder_id)


def cancel_uncovered(connection: Connection, slot: str) -> int:
    """A setting changed: cancel what waits in folders that are no longer on; gives how
    many. The rest is due by the period that decides now."""
    return _cover(
        Delivery.connection_id == connection.id,
        Delivery.slot == slot,
        why="switch_off",
    )


def cover_again(
    document_ids: Collection[uuid.UUID] | Select[uuid.UUID], *, why: str
) -> int:
    """These lie elsewhere now: what waits by itself is due by the period that decides
    there, or cancelled when none is on; gives how many were."""
    which = (
        Delivery.document_id.in_(document_ids)
        if isinstance(document_ids, Select)
        else among(Delivery.document_id, document_ids)
    )
    return _cover(which, why=why)


def _cover(*which: ColumnElement[bool], why: str) -> int:
    """What waits is due by the period that has its folder on: the one that it was due
    by may be over. Where none is, it is cancelled; gives how many."""
    waiting = (
        *which,
        Delivery.switch_id.is_not(None),
        Delivery.state.in_((*WAITING, *LEASED, "held")),
    )
    kinds = db.session.execute(
        select(Document.folder_id, Delivery.connection_id, Delivery.slot)
        .join(Document, Document.id == Delivery.document_id)
        .where(*waiting)
        .distinct()
    ).all()
    on = {folder_id: _on_at(folder_id) for folder_id in {kind[0] for kind in kinds}}
    folders: dict[Decided, list[uuid.UUID]] = defaultdict(list)
    for folder_id, connection_id, slot in kinds:
        period = on[folder_id].get((connection_id, slot))
        folders[connection_id, slot, period].append(folder_id)
    cancelled = 0
    for (connection_id, slot, period), here in folders.items():
        # A query, not ids: there may be more than a statement takes.
        rows = (
            select(Delivery.id)
            .join(Document, Document.id == Delivery.document_id)
            .where(
                *waiting,
                Document.folder_id.in_(here),
                Delivery.connection_id == connection_id,
                Delivery.slot == slot,
            )
        )
        if period is None:
            cancelled += cancel_waiting(delivery_ids=rows, why=why)
        else:
            db.session.execute(
                update(Delivery).where(Delivery.id.in_(rows)).values(switch_id=period)
            )
    return cancelled


def _on_at(folder_id: uuid.UUID) -> dict[tuple[uuid.UUID, str], uuid.UUID]:
    """By connection and slot: the period that has the folder on."""
    return {s.key: s.switch.id for s in effective_switches(folder_id) if s.is_on}


def let_go(delivery_ids: Select[uuid.UUID]) -> int:
    """These leave whatever becomes of the switch; gives how many."""
    kept = db.session.execute(
        update(Delivery)
        .where(Delivery.id.in_(delivery_ids))
        .values(switch_id=None)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(kept.all())


def hold_for_new_address(connection: Connection, slot: str) -> None:
    """What the revocation held was for another address: a person decides about it."""
    changed = db.session.execute(
        update(Delivery)
        .where(
            Delivery.connection_id == connection.id,
            Delivery.slot == slot,
            Delivery.state == "held",
            Delivery.reason == "revoked",
        )
        .values(reason="address_changed")
        .returning(Delivery.id)
    ).all()
    note_settled(row.id for row in changed)


def hold_waiting(
    connection_id: uuid.UUID, reason: str, slots: Collection[str] | None = None
) -> None:
    """What waits for the connection, or for some of its slots only, is held."""
    concerned = () if slots is None else (Delivery.slot.in_(slots),)
    held = db.session.execute(
        update(Delivery)
        .where(
            Delivery.connection_id == connection_id,
            Delivery.state.in_(WAITING),
            *concerned,
        )
        .values(state="held", reason=reason)
        .returning(Delivery.id)
    ).all()
    note_settled(row.id for row in held)
