"""What a lost worker held is taken up again; what may not leave is held.

Without the marker nothing was sent, and it waits again. With it nobody knows: one
repeat, never to another address, and then a person has to look.
"""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, func, literal, null, or_, select, update

from app.connectors.models import Connection, Destination
from app.db import UtcDateTime, database_now, db, lock_company
from app.delivery.due import is_refused, one_of
from app.delivery.models import LEASED, WAITING, Delivery
from app.delivery.retries import next_try
from app.delivery.settled_trail import note_settled

MOST_AMBIGUOUS = 1  # repeats that nobody asked for


def back_to(state: str, now: datetime, reason: str | None = None) -> dict[str, Any]:
    """Out of the worker's hands; cancelled when that was asked for meanwhile."""
    asked = Delivery.cancel_requested
    why = func.coalesce(Delivery.reason, "switch_off")
    return {
        "state": case((asked, "cancelled"), else_=state),
        "reason": case((asked, why), else_=literal(reason) if reason else null()),
        "settled_at": case((asked, literal(now, UtcDateTime())), else_=null()),
        "cancel_requested": False,
        "owner": None,
        "lease_until": None,
    }


def reap() -> int:
    """Every lease that ran out; commits."""
    now = database_now()
    lapsed = (one_of(Delivery.state, LEASED), Delivery.lease_until < now)
    unsent = db.session.execute(
        update(Delivery)
        .where(Delivery.state == "sending", *lapsed)
        .values(**back_to("pending", now))
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    address = select(Destination.address).where(
        Destination.connection_id == Delivery.connection_id,
        Destination.slot == Delivery.slot,
    )
    doubtful = db.session.execute(
        select(
            *(Delivery.id, Delivery.token, Delivery.ambiguous, Delivery.attempts),
            *(Delivery.destination, Delivery.cancel_requested),
            address.scalar_subquery().label("address"),
        ).where(Delivery.state == "in_doubt", *lapsed)
    ).all()
    for row in doubtful:
        _settle_doubt(row, now)
    note_settled([row.id for row in (*unsent, *doubtful)])
    db.session.commit()
    return len(unsent) + len(doubtful)


def _settle_doubt(row: Row[Any], now: datetime) -> None:
    may_repeat = (
        row.ambiguous < MOST_AMBIGUOUS
        and row.address == row.destination
        and not row.cancel_requested
    )
    db.session.execute(
        update(Delivery)
        .where(
            Delivery.id == row.id,
            Delivery.state == "in_doubt",
            Delivery.token == row.token,
            # Asked to stop since it was read: the next run decides anew.
            Delivery.cancel_requested.is_(row.cancel_requested),
        )
        .values(
            state="deferred" if may_repeat else "unknown",
            reason=None if may_repeat else "ambiguous",
            ambiguous=Delivery.ambiguous + 1,
            not_before=next_try(now, row.attempts),
            settled_at=None if may_repeat else now,
            cancel_requested=False,
            owner=None,
            lease_until=None,
        )
        .execution_options(synchronize_session=False)
    )


def give_back(owner: str, ids: Collection[uuid.UUID]) -> None:
    """Claimed and never begun: as if it had not been; commits."""
    if not ids:
        return
    given = db.session.execute(
        update(Delivery)
        .where(
            Delivery.id.in_(ids), Delivery.owner == owner, Delivery.state == "sending"
        )
        .values(attempts=Delivery.attempts - 1, **back_to("pending", database_now()))
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    note_settled(row.id for row in given)
    db.session.commit()


def hold_unsendable() -> int:
    """What waits behind a revoked connection or a refused address says so; commits.

    Such a row is one that a worker held at the moment of the revocation.
    """
    is_blocked = or_(Connection.revoked_at.is_not(None), is_refused())
    companies = db.session.scalars(
        select(Delivery.company_id)
        .join(Connection, Connection.id == Delivery.connection_id)
        .where(one_of(Delivery.state, WAITING), is_blocked)
        .distinct()
    ).all()
    db.session.commit()
    return sum(_hold_company(company_id) for company_id in companies)


def _hold_company(company_id: uuid.UUID) -> int:
    """Under the lock that authorising and revoking take: neither comes in between."""
    lock_company(company_id, exclusive=True)
    revoked = select(Connection.id).where(
        Connection.company_id == company_id, Connection.revoked_at.is_not(None)
    )
    held = 0
    for reason, is_blocked in (
        ("revoked", Delivery.connection_id.in_(revoked)),
        ("refused", is_refused()),
    ):
        rows = db.session.execute(
            update(Delivery)
            .where(
                Delivery.company_id == company_id,
                one_of(Delivery.state, WAITING),
                is_blocked,
            )
            .values(**back_to("held", database_now(), reason))
            .returning(Delivery.id)
            .execution_options(synchronize_session=False)
        ).all()
        note_settled(row.id for row in rows)
        held += len(rows)
    db.session.commit()
    return held
