"""How a connection stands, in one word; the rule in Python, and the same in SQL."""

from sqlalchemy import ColumnElement, case, exists, select

from app.connectors.models import Connection, Destination
from app.delivery.badges import Badge
from app.texts import gettext as _

# The first needs a person most.
STATES = ("refused", "missing", "waiting", "connected", "off")


def badge(connection: Connection | None) -> Badge:
    """What the firm reads of the connection; none at all is one without access."""
    if connection is None or not connection.is_authorised:
        return badge_of("off")
    if connection.refused:
        is_sender = connection.refused.refused_side == "sender"
        return sender_refused() if is_sender else badge_of("refused")
    if not connection.destinations:
        return badge_of("missing")
    return badge_of("connected" if is_proven(connection) else "waiting")


def is_proven(connection: Connection) -> bool:
    """Something was accepted since the addresses are what they are."""
    last = connection.last_success_at
    return last is not None and all(
        d.changed_at <= last for d in connection.destinations
    )


def sender_refused() -> Badge:
    return Badge("refused", _("Sender refused"), "bad", "circle-x")


def badge_of(state: str) -> Badge:
    return {
        "off": Badge("off", _("Not authorised"), "mute", "circle-x"),
        "refused": Badge("refused", _("Address refused"), "bad", "circle-x"),
        "missing": Badge("missing", _("Address missing"), "warn", "alert-triangle"),
        "waiting": Badge("waiting", _("Waiting for activation"), "info", "clock"),
        "connected": Badge("connected", _("Connected"), "ok", "circle-check"),
    }[state]


def column() -> ColumnElement[str]:
    """The key of `badge`, of the connection of each row."""
    addresses = select(Destination.id).where(
        Destination.connection_id == Connection.id,
        Destination.firm_id == Connection.firm_id,
    )
    refused = exists(addresses.where(Destination.refused_at.is_not(None)))
    changed = exists(
        addresses.where(Destination.changed_at > Connection.last_success_at)
    )
    return case(
        (Connection.revoked_at.is_not(None), "off"),
        (refused.correlate(Connection), "refused"),
        (~exists(addresses).correlate(Connection), "missing"),
        (Connection.last_success_at.is_(None), "waiting"),
        (changed.correlate(Connection), "waiting"),
        else_="connected",
    )
