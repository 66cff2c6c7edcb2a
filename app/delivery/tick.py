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
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.activity.recording import seal_everything
from app.db import db, utc_now
from app.delivery import claiming, outcomes
from app.delivery.models import Delivery, Tick
from app.delivery.outcomes import Try
from app.delivery.sending import ServerGone, send
from app.delivery.transport import Session

log = logging.getLogger(__name__)
MOST_SECONDS = 600
COUNTED = ("claimed", "accepted", "deferred", "failed", "held", "cancelled")


def run(
    slot: datetime | None = None,
    *,
    company_id: uuid.UUID | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Send what is due; gives how many came to what. `slot` keeps the log of it."""
    owner = f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}"
    logged = slot is not None and _note(slot, owner)
    counts: Counter[str] = Counter()
    counts["reaped"] = claiming.reap()
    error = _send_all(owner, company_id, should_stop, counts)
    result: dict[str, Any] = {name: counts[name] for name in COUNTED} | dict(counts)
    if error:
        result["error"] = error
    if slot is not None and logged:
        _close(slot, counts)
    seal_everything()
    return result


def _send_all(
    owner: str,
    company_id: uuid.UUID | None,
    should_stop: Callable[[], bool],
    counts: Counter[str],
) -> str | None:
    """The text of the fault that ended the run, or None."""
    until = time.monotonic() + MOST_SECONDS
    with Session() as session:
        while time.monotonic() < until and not should_stop():
            batch = claiming.claim(owner, company_id)
            if not batch:
                return None
            counts["claimed"] += len(batch)
            for place, delivery in enumerate(batch):
                if should_stop():
                    _give_back(batch[place:], owner)
                    return None
                try:
                    counts[send(delivery, session, owner)] += 1
                except ServerGone as gone:
                    log.warning("the mail server is not to be had: %s", gone)
                    _give_back(batch[place + 1 :], owner)
                    return str(gone)
    return None


def _give_back(rest: list[Delivery], owner: str) -> None:
    for delivery in rest:
        outcomes.put_back(Try(delivery, owner), "connect", None)


def _note(slot: datetime, owner: str) -> bool:
    """Write the slot's row, unless another worker had it first; commits."""
    is_sqlite = db.session.get_bind().dialect.name == "sqlite"
    insert = sqlite_insert if is_sqlite else postgres_insert
    noted = db.session.execute(
        insert(Tick)
        .values(slot=slot, worker=owner[:100], started_at=utc_now(), **_ZERO)
        .on_conflict_do_nothing()
    )
    db.session.commit()
    return claiming.changed(noted) == 1


_ZERO = dict.fromkeys(COUNTED, 0)


def _close(slot: datetime, counts: Counter[str]) -> None:
    db.session.execute(
        update(Tick)
        .where(Tick.slot == slot)
        .values(finished_at=utc_now(), **{name: counts[name] for name in COUNTED})
    )
    db.session.commit()
