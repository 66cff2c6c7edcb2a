"""What waits and must not leave any more, and what was held and may.

Acts; the caller commits. Each is one UPDATE, so that a worker which claims a delivery
at the same moment either finds it cancelled or is asked to stop before the final dot.
"""

import uuid
from collections.abc import Collection

from sqlalchemy import ColumnElement, Select, case, select, update

from app.connectors.models import Connection
from app.db import database_now, db
from app.delivery.models import LEASED, WAITING, Delivery
from app.delivery.settled_trail import ADDRESS_CHANGED, note_settled

IS_LEASED = Delivery.state.in_(LEASED)


def cancel_waiting(
    *,
    why: str,
    switch_ids: Collection[uuid.UUID] = (),
    document_ids: Collection[uuid.UUID] | Select[uuid.UUID] = (),
    delivery_ids: Collection[uuid.UUID] | Select[uuid.UUID] = (),
) -> int:
    """Cancel what has not left; gives how many, with those only asked to stop.

    `why`: switch_off, moved_out, trashed, rejected, replaced, erased, by_user or
    arrived.
    """
    chosen: ColumnElement[bool] = (
        Delivery.switch_id.in_(switch_ids)
        | Delivery.document_id.in_(document_ids)
        | Delivery.id.in_(delivery_ids)
    )
    unasked = db.session.scalars(
        select(Delivery.id).where(
            chosen, Delivery.state == "held", Delivery.reason == ADDRESS_CHANGED
        )
    ).all()
    cancelled = db.session.execute(
        update(Delivery)
        .where(chosen, Delivery.state.in_((*WAITING, *LEASED, "held")))
        .values(
            state=case((IS_LEASED, Delivery.state), else_="cancelled"),
            # For one that is being sent: what it will be cancelled for.
            reason=why,
            cancel_requested=IS_LEASED,
            settled_at=case((IS_LEASED, Delivery.settled_at), else_=database_now()),
        )
        .returning(Delivery.id)
    ).all()
    note_settled((row.id for row in cancelled), unasked=unasked)
    return len(cancelled)


def release_held(
    connection: Connection, reasons: Collection[str], slot: str | None = None
) -> int:
    """What was held for one of these reasons is due again; gives how many.

    The connection's lock is taken: `lock_company(…, exclusive=True)`.
    """
    return release_all_held([connection.id], reasons, slot)


def release_all_held(
    connection_ids: Collection[uuid.UUID],
    reasons: Collection[str],
    slot: str | None = None,
) -> int:
    """The same for many connections, each under its lock."""
    released = db.session.execute(
        update(Delivery)
        .where(
            Delivery.connection_id.in_(connection_ids),
            Delivery.state == "held",
            Delivery.reason.in_(reasons),
            *((Delivery.slot == slot,) if slot else ()),
        )
        .values(state="pending", reason=None, not_before=database_now(), attempts=0)
        .returning(Delivery.id)
    )
    return len(released.all())
