"""The quarter of an hour: slots are counted from the epoch in UTC, so neither a
change of the hour nor a restart moves them."""

from datetime import UTC, datetime, timedelta

from flask import current_app
from sqlalchemy import ColumnElement, Interval, cast, func, literal, select

from app.db import UtcDateTime, database_now, db, on_sqlite, utc_now
from app.delivery.models import Tick


def slot_at(moment: datetime, minutes: int | None = None) -> datetime:
    """The start of the slot that the moment lies in."""
    seconds = _seconds(minutes)
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)


def next_slot(moment: datetime, minutes: int | None = None) -> datetime:
    """When the automaton runs next."""
    return slot_at(moment, minutes) + timedelta(seconds=_seconds(minutes))


def _seconds(minutes: int | None) -> int:
    return 60 * int(minutes or current_app.config["TICK_MINUTES"])


def from_now(delay: timedelta = timedelta()) -> ColumnElement[datetime]:
    """The database's clock inside a statement (when its transaction began), and a
    while later: it saves asking for the time first."""
    if on_sqlite():
        return literal(utc_now() + delay, UtcDateTime())
    now = cast(func.now(), UtcDateTime())
    return now + literal(delay, Interval()) if delay else now


def seconds_since_last_run() -> int | None:
    """Since the newest run that came to its end; None when there was none yet. One of a
    clock that was ahead is not the newest."""
    ended = db.session.scalar(
        select(Tick.finished_at)
        .where(Tick.finished_at.is_not(None), Tick.slot <= from_now())
        .order_by(Tick.slot.desc())
        .limit(1)
    )
    return None if ended is None else round((database_now() - ended).total_seconds())
