"""The quarter of an hour: slots are counted from the epoch in UTC, so neither a
change of the hour nor a restart moves them."""

from datetime import UTC, datetime, timedelta

from flask import current_app
from sqlalchemy import ColumnElement, Interval, cast, func, literal

from app.db import UtcDateTime, db, utc_now


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
    if db.session.get_bind().dialect.name == "sqlite":
        return literal(utc_now() + delay, UtcDateTime())
    now = cast(func.now(), UtcDateTime())
    return now + literal(delay, Interval()) if delay else now
