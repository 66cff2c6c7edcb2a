"""What follows for waiting deliveries when switches or connections change.

Acts, under the company's exclusive lock; the caller commits. A delivery in a worker's
hands is only asked to stop: the worker looks once more before the final dot.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import Select, select, update

from app.connectors.models import Connection, FolderSwitch
from app.db import db
from app.delivery.cancelling import cancel_waiting
from app.delivery.models import LEASED, WAITING, Delivery
from app.delivery.planning import effective_switches
from app.delivery.settled_trail import note_settled
from app.library.models import Document


def is_on(folder_id: uuid.UUID, connection_id: uuid.UUID, slot: str) -> bool:
    """Whether the nearest explicit setting at or above the folder is on."""
    return _open_period(folder_id, connection_id, slot) is not None


def _open_period(
    folder_id: uuid.UUID, connection_id: uuid.UUID, slot: str
) -> uuid.UUID | None:
    """The setting that has the folder on; None when it is off."""
    return next(
        (
            setting.switch.id
            for setting in effective_switches(folder_id)
            if setting.is_on
            and (setting.connection_id, setting.slot) == (connection_id, slot)
        ),
        None,
    )


def cancel_uncovered(connection: Connection, slot: str) -> int:
    """Cancel what waits in folders that are no longer on; gives how many. The rest is
    due by the period that decides now: the one it was due by may be over."""
    waiting = db.session.execute(
        select(Delivery.id, Document.folder_id, Delivery.switch_id)
        .join(Document, Document.id == Delivery.document_id)
        .where(
            Delivery.connection_id == connection.id,
            Delivery.slot == slot,
            Delivery.switch_id.is_not(None),
            Delivery.state.in_((*WAITING, *LEASED, "held")),
        )
    ).all()
    deciding = {
        folder_id: _open_period(folder_id, connection.id, slot)
        for folder_id in {folder_id for _id, folder_id, _switch in waiting}
    }
    by_period: dict[uuid.UUID | None, list[uuid.UUID]] = defaultdict(list)
    for row_id, folder_id, switch_id in waiting:
        if (period := deciding[folder_id]) != switch_id:
            by_period[period].append(row_id)
    gone = by_period.pop(None, [])
    for period, ids in by_period.items():
        db.session.execute(
            update(Delivery).where(Delivery.id.in_(ids)).values(switch_id=period)
        )
    return cancel_waiting(delivery_ids=gone, why="switch_off")


def cover_again(
    document_ids: Collection[uuid.UUID] | Select[uuid.UUID], *, why: str
) -> int:
    """These lie elsewhere now: what waits by itself is due by the period that decides
    there, or cancelled when none is on; gives how many were."""
    waiting = (
        Delivery.document_id.in_(document_ids),
        Delivery.switch_id.is_not(None),
        Delivery.state.in_((*WAITING, *LEASED, "held")),
    )
    kinds = db.session.execute(
        select(Document.folder_id, Delivery.connection_id, Delivery.slot)
        .join(Document, Document.id == Delivery.document_id)
        .where(*waiting)
        .distinct()
    ).all()
    deciding = {
        (folder_id, setting.connection_id, setting.slot): setting.switch
        for folder_id in {folder_id for folder_id, *_rest in kinds}
        for setting in effective_switches(folder_id)
        if setting.is_on
    }
    cancelled = 0
    for folder_id, connection_id, slot in kinds:
        rows = (
            select(Delivery.id)
            .join(Document, Document.id == Delivery.document_id)
            .where(
                *waiting,
                Document.folder_id == folder_id,
                Delivery.connection_id == connection_id,
                Delivery.slot == slot,
            )
        )
        if switch := deciding.get((folder_id, connection_id, slot)):
            _carry_to(switch, rows)
        else:
            cancelled += cancel_waiting(delivery_ids=rows, why=why)
    return cancelled


def _carry_to(switch: FolderSwitch, rows: Select[uuid.UUID]) -> None:
    db.session.execute(
        update(Delivery).where(Delivery.id.in_(rows)).values(switch_id=switch.id)
    )


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
