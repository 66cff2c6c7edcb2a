"""How many messages a minute our mail server takes from us, by all workers together.

Whoever finds the minute full waits for the next one, with nothing open in the database;
the minutes are the database's.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import delete

from app.db import database_now, db, insert_into
from app.delivery.models import MailMinute

PAUSE_SECONDS = 0.5
KEPT = timedelta(hours=1)


def wait(keep_lease: Callable[[], None], is_over: Callable[[], bool]) -> bool:
    """Take the place of one message, when there is one; False when the time is over
    first. Without limit it asks nothing."""
    limit = int(current_app.config["MAIL_PER_MINUTE"])
    while limit and not _take(limit):
        until = time.monotonic() + _seconds_left(database_now())
        db.session.commit()
        while (left := until - time.monotonic()) > 0:
            if is_over():
                return False
            keep_lease()
            pause(min(left, PAUSE_SECONDS))
    return True


def note() -> None:
    """A message that waits for no place, of those that the portal writes itself: it
    takes one from the others. Commits."""
    if current_app.config["MAIL_PER_MINUTE"]:
        _take(None)


def pause(seconds: float) -> None:
    time.sleep(seconds)


def _take(limit: int | None) -> bool:
    row = insert_into(MailMinute).values(minute=_minute(database_now()), begun=1)
    taken = db.session.execute(
        row.on_conflict_do_update(
            index_elements=[MailMinute.minute],
            set_={"begun": MailMinute.begun + 1},
            where=MailMinute.begun < limit if limit else None,
        ).returning(MailMinute.begun)
    ).all()
    db.session.commit()
    return bool(taken)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _seconds_left(now: datetime) -> float:
    return (_minute(now) + timedelta(minutes=1) - now).total_seconds()


def sweep() -> None:
    """Forget the minutes that are long over; commits."""
    if current_app.config["MAIL_PER_MINUTE"]:
        old = MailMinute.minute < database_now() - KEPT
        db.session.execute(
            delete(MailMinute).where(old).execution_options(synchronize_session=False)
        )
        db.session.commit()
