"""One run of the automaton: everything that is due leaves, whoever runs it and when.

Several may run at once; each delivery is in the hands of one of them only.
"""

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
from app.delivery import quota, reaping
from app.delivery.lines import Lines
from app.delivery.models import Tick

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
    until = time.monotonic() + MOST_SECONDS
    sent, error = Lines(
        owner, company_id, lambda: should_stop() or time.monotonic() > until
    ).send_all()
    counts.update(sent)
    if counts["claimed"]:  # what was in our hands when its connection was revoked
        counts["held"] += reaping.hold_unsendable()
    if slot is not None and is_logged:
        _close(slot, counts)
    quota.sweep()
    seal_everything()
    return dict(counts) | ({"error": error} if error else {})


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
