"""What waits for a person: held, refused or uncertain, and nothing newer tells how it
stands. What was sent again, or left as a new version, has had what it needed: its line
stays as history. Nor does what the firm refused or put in the trash, until it is back.
The rule in SQL, and the same in Python.
"""

import uuid
from collections.abc import Iterable

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

from app.db import db
from app.delivery.briefs import Told
from app.delivery.models import BLOCKED, LEASED, WAITING, Delivery
from app.delivery.repeats import ARRIVED
from app.library.models import Document


def needs_a_person() -> ColumnElement[bool]:
    return Delivery.state.in_(BLOCKED) & ~is_followed() & ~_is_kept_back()


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


def is_one_followed(delivery: Delivery) -> bool:
    wanted = select(Delivery.id).where(Delivery.id == delivery.id, is_followed())
    return db.session.scalar(wanted) is not None


def _is_kept_back() -> ColumnElement[bool]:
    """As `Document.is_kept_back` says it of one."""
    document = aliased(Document)
    is_back = document.trashed_at.is_not(None) | (document.status == "rejected")
    return (
        select(document.id)
        .where(document.id == Delivery.document_id, is_back)
        .correlate(Delivery)
        .exists()
    )


def that_need_a_person(deliveries: Iterable[Delivery]) -> set[uuid.UUID]:
    """The ids of those among these; none is asked about where none could."""
    ids = [one.id for one in deliveries if one.state in BLOCKED]
    wanted = select(Delivery.id).where(Delivery.id.in_(ids), needs_a_person())
    return set(db.session.scalars(wanted)) if ids else set()


def newest(deliveries: Iterable[Told]) -> list[Told]:
    """Of one document: those that nothing follows."""
    found: dict[tuple[uuid.UUID, str], Told] = {}
    for one in sorted(deliveries, key=lambda one: one.id):
        if (one.state, one.reason) != ("cancelled", ARRIVED):
            found[one.connection_id, one.slot] = one
    return list(found.values())
