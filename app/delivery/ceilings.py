"""How many messages a day a tool takes: what is over waits for tomorrow, by itself."""

import uuid
from datetime import timedelta

from sqlalchemy import func, select

from app.connectors import catalogue
from app.connectors.models import Connection
from app.db import database_now, db
from app.delivery.models import DONE, LEASED, WAITING, Delivery

A_DAY = timedelta(hours=24)


def remaining() -> dict[uuid.UUID, int]:
    """For the connections that have something waiting and a ceiling: how many more may
    leave now. What is in a worker's hands, or may have left, counts as sent."""
    ceilings = {
        app.key: app.daily_ceiling
        for app in catalogue.everything().values()
        if app.daily_ceiling
    }
    if not ceilings:
        return {}
    waiting = dict(
        db.session.execute(
            select(Connection.id, Connection.app_key)
            .join(Delivery, Delivery.connection_id == Connection.id)
            .where(Connection.app_key.in_(ceilings), Delivery.state.in_(WAITING))
            .distinct()
        ).all()
    )
    if not waiting:
        return {}
    sent = dict(
        db.session.execute(
            select(Delivery.connection_id, func.count())
            .where(
                Delivery.connection_id.in_(waiting),
                Delivery.state.in_((*LEASED, "unknown"))
                | (
                    Delivery.state.in_((*DONE, "bounced"))
                    & (Delivery.accepted_at > database_now() - A_DAY)
                ),
            )
            .group_by(Delivery.connection_id)
        ).all()
    )
    return {
        connection_id: max(0, ceilings[key] - sent.get(connection_id, 0))
        for connection_id, key in waiting.items()
    }
