"""What waits for a person: held, refused or uncertain, and nothing newer tells how it
stands. What was sent again, or left as a new version, has had what it needed: its line
stays as history. The rule in SQL, and the same in Python.
"""

import uuid
from collections.abc import Iterable

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

from app.delivery.models import BLOCKED, LEASED, WAITING, Delivery
from app.delivery.repeats import ARRIVED


def needs_a_person() -> ColumnElement[bool]:
    return Delivery.state.in_(BLOCKED) & ~is_followed()


def has_no_end_yet() -> ColumnElement[bool]:
    """It will leave by itself, is leaving, or needs a person."""
    return Delivery.state.in_((*WAITING, *LEASED)) | needs_a_person()


def is_followed() -> ColumnElement[bool]:
    """Whether the document went to the same place once more since. A copy that was
    called off because this one has arrived says nothing."""
    later = aliased(Delivery)
    return (
        select(later.id)
        .where(
            later.document_id == Delivery.document_id,
            later.connection_id == Delivery.connection_id,
            later.slot == Delivery.slot,
            later.id > Delivery.id,
            (later.state != "cancelled") | later.reason.is_distinct_from(ARRIVED),
        )
        .correlate(Delivery)
        .exists()
    )


def newest(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """Of one document: those that nothing follows."""
    found: dict[tuple[uuid.UUID, str], Delivery] = {}
    for one in sorted(deliveries, key=lambda one: one.id):
        if (one.state, one.reason) != ("cancelled", ARRIVED):
            found[one.connection_id, one.slot] = one
    return list(found.values())
