"""A copy that a person asked for in a doubt, and that is not needed: the first one is
known to have arrived before it left.

Known by what a provider tells or a person saw (then it is called off at once), or by
an answer that came late (then the last look before its dot finds out).
"""

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import aliased

from app.db import db
from app.delivery.cancelling import cancel_waiting
from app.delivery.models import DONE, Delivery

ARRIVED = "arrived"


def is_needless() -> ColumnElement[bool]:
    """Whether another delivery of the same to the same has arrived."""
    other = aliased(Delivery)
    arrived = select(other.id).where(
        other.document_id == Delivery.document_id,
        other.version_id == Delivery.version_id,
        other.connection_id == Delivery.connection_id,
        other.slot == Delivery.slot,
        other.id != Delivery.id,
        other.state.in_(DONE),
    )
    return Delivery.retry_of_id.is_not(None) & arrived.exists()


def is_no_needless_one() -> ColumnElement[bool]:
    """Not one that was called off here: what it repeats is the newest word."""
    return or_(Delivery.state != "cancelled", Delivery.reason.is_distinct_from(ARRIVED))


def call_off_repeats(delivery: Delivery) -> int:
    """It has arrived: no other copy is to leave; gives how many would have. The
    company's lock is taken, and the caller commits."""
    repeats = db.session.scalars(
        select(Delivery.id)
        .where(Delivery.document_id == delivery.document_id, is_needless())
        .execution_options(across_firms=True)
    ).all()
    return cancel_waiting(why=ARRIVED, delivery_ids=repeats) if repeats else 0
