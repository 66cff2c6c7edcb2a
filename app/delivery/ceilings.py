"""How many messages a day a tool takes: what is over waits for tomorrow, by itself."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_

from app.connectors import catalogue
from app.connectors.models import Connection
from app.db import database_now, db
from app.delivery.models import DONE, LEASED, WAITING, Delivery

A_DAY = timedelta(hours=24)


def remaining(among: Collection[uuid.UUID] | None = None) -> dict[uuid.UUID, int]:
    """For the connections that have a ceiling and something waiting (or those `among`
    the given ones): how many more may leave now. What is in a worker's hands, or may
    have left, counts as sent."""
    limits = {
        app.key: app.daily_ceiling
        for app in catalogue.everything().values()
        if app.daily_ceiling
    }
    if not limits:
        return {}
    limited = select(Connection.id, Connection.app_key).where(
        Connection.app_key.in_(limits)
    )
    if among is None:
        waits = select(Delivery.id).where(
            Delivery.connection_id == Connection.id, Delivery.state.in_(WAITING)
        )
        limited = limited.where(waits.exists())
    else:
        limited = limited.where(Connection.id.in_(among))
    found = dict(db.session.execute(limited).all())
    sent = _sent(found) if found else {}
    return {
        connection_id: max(0, limits[key] - sent.get(connection_id, 0))
        for connection_id, key in found.items()
    }


def reached(delivery: Delivery) -> datetime | None:
    """For one that waits behind a ceiling that is reached, by what was sent or by what
    waits before it: when its place is free. None when it may leave now."""
    limit = _limit(delivery)
    if not limit:
        return None
    connection_id = delivery.connection_id
    sent = _sent([connection_id]).get(connection_id, 0)
    too_many = sent + _before(delivery) + 1 - limit
    if too_many <= 0:
        return None
    now = database_now()
    left = select(Delivery.accepted_at).where(
        Delivery.connection_id == connection_id, _counts(now)
    )
    times = sorted(at for at in db.session.scalars(left) if at is not None)[-limit:]
    # What leaves now takes a place for a day too; and so does each that follows.
    places = times + [now] * (limit - len(times))
    days, place = divmod(too_many - 1, limit)
    return places[place] + A_DAY * (days + 1)


def _limit(delivery: Delivery) -> int | None:
    app = catalogue.find(delivery.connection.app_key)
    return app.daily_ceiling if app else None


def _before(delivery: Delivery) -> int:
    """How many of its connection wait for their turn before it."""
    place = tuple_(Delivery.not_before, Delivery.id)
    number = db.session.scalar(
        select(func.count()).where(
            Delivery.connection_id == delivery.connection_id,
            Delivery.state.in_(WAITING),
            place < tuple_(delivery.not_before, delivery.id),
        )
    )
    return number or 0


def _sent(connection_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    counted = db.session.execute(
        select(Delivery.connection_id, func.count())
        .where(Delivery.connection_id.in_(connection_ids), _counts(database_now()))
        .group_by(Delivery.connection_id)
    )
    return dict(counted.all())


def _counts(now: datetime) -> ColumnElement[bool]:
    """Sent within a day, or perhaps sent, or about to be."""
    settled = func.coalesce(Delivery.settled_at, now)
    return or_(
        Delivery.state.in_(LEASED),
        and_(Delivery.state == "unknown", settled > now - A_DAY),
        and_(
            Delivery.state.in_((*DONE, "bounced")), Delivery.accepted_at > now - A_DAY
        ),
    )
