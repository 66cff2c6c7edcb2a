"""Who holds a delivery: leases, fencing tokens, and what is done with lost ones.

Every change is one UPDATE that says what it found (state, token); the one that finds
it otherwise changes nothing. Times are the database's own.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Result, Select, func, select, update
from sqlalchemy.orm import aliased

from app.connectors.models import Connection, Destination
from app.db import database_now, db
from app.delivery.models import WAITING, Delivery
from app.delivery.retries import next_try

LEASE = timedelta(seconds=120)
A_CLAIM = 20
MOST_AMBIGUOUS = 1  # repeats that nobody asked for


def reap() -> int:
    """Take back what a lost worker held; commits.

    Without the marker nothing was sent: it waits again. With it, nobody knows: one
    repeat, and then a person has to look.
    """
    now = database_now()
    lapsed = (Delivery.lease_until < now, Delivery.lease_until.is_not(None))
    unsent = db.session.execute(
        update(Delivery)
        .where(Delivery.state == "sending", *lapsed)
        .values(state="pending", owner=None, lease_until=None)
    )
    doubtful = db.session.scalars(
        select(Delivery).where(Delivery.state == "in_doubt", *lapsed)
    ).all()
    for delivery in doubtful:
        settle_doubt(delivery)
    db.session.commit()
    return changed(unsent) + len(doubtful)


def changed(result: Result[Any]) -> int:
    """How many rows an UPDATE changed."""
    return max(int(getattr(result, "rowcount", 0)), 0)


def settle_doubt(delivery: Delivery) -> None:
    """At most one repeat, and never to another address than the first time."""
    now = database_now()
    address = db.session.scalar(
        select(Destination.address).where(
            Destination.connection_id == delivery.connection_id,
            Destination.slot == delivery.slot,
        )
    )
    may_repeat = (
        delivery.ambiguous < MOST_AMBIGUOUS
        and address == delivery.destination
        and not delivery.cancel_requested
    )
    values = {
        "state": "deferred" if may_repeat else "unknown",
        "reason": None if may_repeat else "ambiguous",
        "ambiguous": Delivery.ambiguous + 1,
        "owner": None,
        "lease_until": None,
        "not_before": next_try(now, delivery.attempts),
        "settled_at": None if may_repeat else now,
    }
    db.session.execute(
        update(Delivery)
        .where(
            Delivery.id == delivery.id,
            Delivery.state == "in_doubt",
            Delivery.token == delivery.token,
        )
        .values(**values)
    )


def claim(owner: str, company_id: uuid.UUID | None = None) -> list[Delivery]:
    """Up to twenty that are due, taken in turns among companies; commits."""
    now = database_now()
    chosen = db.session.scalars(_due(now, company_id).limit(A_CLAIM)).all()
    claimed: Sequence[uuid.UUID] = []
    if chosen:
        claimed = db.session.scalars(
            update(Delivery)
            .where(Delivery.id.in_(chosen), Delivery.state.in_(WAITING))
            .values(
                state="sending",
                reason=None,
                token=Delivery.token + 1,
                owner=owner,
                lease_until=now + LEASE,
                attempts=Delivery.attempts + 1,
            )
            .returning(Delivery.id)
            .execution_options(synchronize_session=False)
        ).all()
    db.session.commit()
    if not claimed:
        return []
    found = db.session.scalars(
        select(Delivery)
        .where(Delivery.id.in_(claimed), Delivery.owner == owner)
        .execution_options(populate_existing=True)
    ).all()
    order = {delivery_id: place for place, delivery_id in enumerate(chosen)}
    db.session.commit()
    return sorted(found, key=lambda delivery: order[delivery.id])


def _due(now: datetime, company_id: uuid.UUID | None) -> Select[uuid.UUID]:
    """The first due one of every company, then the second of every one…"""
    due = (
        select(
            Delivery.id,
            func.row_number()
            .over(
                partition_by=Delivery.company_id,
                order_by=(Delivery.not_before, Delivery.id),
            )
            .label("turn"),
        )
        .join(Connection, Connection.id == Delivery.connection_id)
        .where(
            Delivery.state.in_(WAITING),
            Delivery.not_before <= now,
            Connection.revoked_at.is_(None),
            Connection.refused_at.is_(None),
        )
    )
    if company_id is not None:
        due = due.where(Delivery.company_id == company_id)
    turns = due.subquery("turns")
    row = aliased(Delivery)
    chosen = (
        select(row.id)
        .join(turns, turns.c.id == row.id)
        .order_by(turns.c.turn, row.not_before, row.id)
    )
    return chosen.with_for_update(skip_locked=True, of=row)
