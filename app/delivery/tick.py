"""One run of the automaton: everything that is due leaves, whoever runs it and when.

Several may run at once; each delivery is in the hands of one of them only.
"""

import logging
import os
import secrets
import socket
import time
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import update

from app.activity.recording import seal_everything
from app.db import database_now, db, insert_into
from app.delivery import claiming, outages, outcomes, quota, reaping
from app.delivery.answers import NoServer, Reply
from app.delivery.breaker import Breaker
from app.delivery.claiming import Claim, Lease
from app.delivery.models import Tick
from app.delivery.sending import ServerGone, send
from app.delivery.transport import Session
from app.delivery.turns import Turns

log = logging.getLogger(__name__)
MOST_SECONDS = 600
COUNTED = ("claimed", "accepted", "deferred", "failed", "held", "cancelled")


def run(
    slot: datetime | None = None,
    company_id: uuid.UUID | None = None,
    *,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Send what is due; gives how many came to what, and `error` when it was cut short.

    `slot` keeps the log of that slot, unless another worker keeps it already.
    """
    owner = f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}"
    is_logged = slot is not None and _note(slot, owner)
    counts = Counter(dict.fromkeys(COUNTED, 0))
    counts["reaped"] = reaping.reap()
    counts["held"] += reaping.hold_unsendable()
    counts["failed"] += reaping.give_up()
    error = _send_all(owner, company_id, should_stop, counts)
    counts["held"] += reaping.hold_unsendable()
    if slot is not None and is_logged:
        _close(slot, counts)
    quota.sweep()
    seal_everything()
    return dict(counts) | ({"error": error} if error else {})


def _send_all(
    owner: str,
    company_id: uuid.UUID | None,
    should_stop: Callable[[], bool],
    counts: Counter[str],
) -> str | None:
    """The text of the fault that ended the run, or None."""
    until = time.monotonic() + MOST_SECONDS

    def is_over() -> bool:
        return should_stop() or time.monotonic() > until

    lease, turns = Lease(owner), Turns(company_id)
    breaker = Breaker(owner, turns)
    with Session() as session:
        while not is_over():
            if (most := breaker.most()) == 0:
                return "another worker is trying the server"
            batch = claiming.claim(owner, turns, most)
            if not batch:
                return None if company_id else _fault_of_now(session, breaker)
            counts["claimed"] += len(batch)
            lease.take(batch)
            try:
                _send_batch(batch, session, lease, breaker, is_over, counts)
            except ServerGone as gone:
                log.warning("the mail server is not to be had: %s", gone)
                outages.note(str(gone), gone.code)
                return str(gone)
            finally:
                reaping.give_back(owner, lease.held)
    return None


def _send_batch(
    batch: list[Claim],
    session: Session,
    lease: Lease,
    breaker: Breaker,
    is_over: Callable[[], bool],
    counts: Counter[str],
) -> None:
    for claim in batch:
        lease.keep()
        if breaker.is_open(claim):  # given back with what is left
            counts["postponed"] += 1
            continue
        if is_over() or not quota.wait(lease.keep, is_over):
            return
        if claim.id not in lease.held:
            counts["lost"] += 1
            continue
        lease.held.discard(claim.id)
        state = _send_one(claim, session, lease)
        breaker.note(claim, state, session.cuts)
        counts[state] += 1
        if breaker.server_is_lost(session.cuts):
            raise ServerGone("the line was cut again and again")


def _send_one(claim: Claim, session: Session, lease: Lease) -> str:
    """One that cannot be sent for a reason of its own must not stop the others."""
    try:
        return send(claim, session, lease.keep)
    except ServerGone:
        raise
    except Exception as error:
        db.session.rollback()
        session.drop()
        if claim.is_past_return:
            raise  # the dot may be out: only its lease may end this
        log.exception("delivery %s could not be sent", claim.id)
        return outcomes.deferred(claim, "body", Reply("body", 0, repr(error)[:1000]))


def _fault_of_now(session: Session, breaker: Breaker) -> str | None:
    """Nothing is due: during an outage a greeting is enough to end it."""
    if breaker.outage is None:
        return None
    try:
        session.largest_message()
    except NoServer as gone:
        outages.note(gone.text, gone.code)
        return gone.text
    outages.over()
    return None


def _note(slot: datetime, owner: str) -> bool:
    """Write the slot's row, unless another worker had it first; commits."""
    row: dict[str, Any] = {"slot": slot, "worker": owner, "started_at": database_now()}
    noted = db.session.execute(
        insert_into(Tick)
        .values(**row, **dict.fromkeys(COUNTED, 0))
        .on_conflict_do_nothing()
        .returning(Tick.slot)
    ).all()
    db.session.commit()
    return bool(noted)


def _close(slot: datetime, counts: Counter[str]) -> None:
    db.session.execute(
        update(Tick)
        .where(Tick.slot == slot)
        .values(finished_at=database_now(), **{name: counts[name] for name in COUNTED})
    )
    db.session.commit()
