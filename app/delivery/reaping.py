"""What a lost worker held is taken up again; what may not leave is held.

Without the marker nothing was sent, and it waits again. With it nobody knows: one
repeat, never to another address, and then a person has to look.
"""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeVarTuple

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    case,
    func,
    literal,
    null,
    or_,
    select,
    update,
)

from app.connectors.models import Connection, Destination
from app.db import UtcDateTime, database_now, db
from app.delivery import troubles
from app.delivery.due import goes_to, is_refused, one_of
from app.delivery.models import LEASED, WAITING, Delivery, Trouble
from app.delivery.retries import GIVE_UP_AFTER, next_try
from app.delivery.settled_trail import note_settled
from app.locks import lock_company

Columns = TypeVarTuple("Columns")
MOST_AMBIGUOUS = 1  # repeats that nobody asked for
MOST_LAPSES = 6  # workers lost with a message in hand, of which it is the last one


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
    """Every lease that ran out; commits. One that somebody has locked (who may be
    frozen) is left for the next run: it keeps nothing else from leaving."""
    now = database_now()
    lapsed = (one_of(Delivery.state, LEASED), Delivery.lease_until < now)
    lapsed_ones = db.session.execute(
        _free(
            select(Delivery.id, Delivery.token, Delivery.lapses).where(
                Delivery.state == "sending", *lapsed
            )
        )
    ).all()
    unsent = [lost for lost in lapsed_ones if _take_back(lost, now)]
    address = select(Destination.address).where(
        Destination.connection_id == Delivery.connection_id,
        Destination.slot == Delivery.slot,
    )
    doubtful = db.session.execute(
        _free(
            select(
                *(Delivery.id, Delivery.token, Delivery.ambiguous, Delivery.attempts),
                *(Delivery.destination, Delivery.cancel_requested),
                address.scalar_subquery().label("address"),
            ).where(Delivery.state == "in_doubt", *lapsed)
        )
    ).all()
    settled = [row for row in doubtful if _settle_doubt(row, now)]
    note_settled([row.id for row in (*unsent, *settled)])
    db.session.commit()
    return len(unsent) + len(doubtful)


def _free(wanted: Select[*Columns]) -> Select[*Columns]:
    """Those of the deliveries that nobody has locked; they are ours until the commit.
    On SQLite the write transaction itself keeps the others out."""
    return wanted.with_for_update(skip_locked=True, of=Delivery)


def _take_back(row: Row[uuid.UUID, int, int], now: datetime) -> bool:
    """It waits again, uncharged; when workers were lost with it again and again, it is
    the one that they do not survive: later each time, and then no more."""
    lapses = row.lapses + 1
    values = back_to("pending", now)
    if lapses >= MOST_LAPSES:
        values = back_to("failed", now, "worker_lost") | {"settled_at": now}
    elif lapses > 1:
        values["not_before"] = next_try(now, lapses)
    changed = db.session.execute(
        update(Delivery)
        .where(
            Delivery.id == row.id,
            Delivery.state == "sending",
            Delivery.token == row.token,
            Delivery.lease_until < now,
        )
        .values(lapses=lapses, attempts=Delivery.attempts - 1, **values)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    return bool(changed)


def _settle_doubt(row: Row[Any], now: datetime) -> bool:
    may_repeat = (
        row.ambiguous < MOST_AMBIGUOUS
        and row.address == row.destination
        and not row.cancel_requested
    )
    settled = db.session.execute(
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
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    return bool(settled)


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


def give_up() -> int:
    """What waited behind an address in trouble for the five days that are tried; gives
    how many. Commits."""
    given_up = 0
    if not (known := troubles.everything()):
        db.session.commit()
        return 0
    now = database_now()
    for trouble in known.values():
        if trouble.failures < troubles.MOST:
            continue
        given_up += len(
            db.session.execute(
                update(Delivery)
                .where(
                    Delivery.id.in_(
                        _free(
                            select(Delivery.id).where(
                                one_of(Delivery.state, WAITING),
                                _waits_since(trouble) < now - GIVE_UP_AFTER,
                                goes_to([trouble.address]),
                            )
                        ).correlate(None)
                    )
                )
                .values(
                    **back_to("failed", now, "expired")
                    | {"settled_at": now, "last_text": trouble.said}
                )
                .returning(Delivery.id)
                .execution_options(synchronize_session=False)
            ).all()
        )
    troubles.sweep()
    db.session.commit()
    return given_up


def _waits_since(trouble: Trouble) -> ColumnElement[datetime]:
    """Behind this trouble: since it is due, or was tried, and not while it was held."""
    since = literal(trouble.since, UtcDateTime())
    of_tried = case((Delivery.created_at > since, Delivery.created_at), else_=since)
    return case((Delivery.attempts == 0, Delivery.not_before), else_=of_tried)


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
                Delivery.id.in_(
                    _free(
                        select(Delivery.id).where(
                            Delivery.company_id == company_id,
                            one_of(Delivery.state, WAITING),
                            is_blocked,
                        )
                    ).correlate(None)
                )
            )
            .values(**back_to("held", database_now(), reason))
            .returning(Delivery.id)
            .execution_options(synchronize_session=False)
        ).all()
        note_settled(row.id for row in rows)
        held += len(rows)
    db.session.commit()
    return held
