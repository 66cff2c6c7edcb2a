"""What was called off before a person said whether it may leave to a new address, or
whose address became another one meanwhile: come again, it waits for that word.
"""

import uuid
from collections.abc import Iterable

from sqlalchemy import select

from app.activity.models import Entry
from app.db import among, db
from app.delivery.models import Delivery
from app.delivery.settled_trail import ADDRESS_CHANGED

Pair = tuple[Delivery, Delivery | None]  # made, and what it comes in place of


def hold_unasked(pairs: Iterable[Pair]) -> None:
    """Those made that would leave, or leave by themselves with the access."""
    called_off = [
        (made, before)
        for made, before in pairs
        if before is not None
        and (before.state, before.reason == "by_user") == ("cancelled", False)
        and (made.state == "pending" or made.reason == "revoked")
    ]
    waited = _waited({before.document_id for _made, before in called_off})
    for made, before in called_off:
        if str(before.id) in waited or _is_elsewhere_since(before):
            made.state, made.reason = "held", ADDRESS_CHANGED


def _waited(document_ids: set[uuid.UUID]) -> set[str]:
    if not document_ids:
        return set()
    lines = db.session.scalars(
        select(Entry.details).where(
            among(Entry.document_id, document_ids), Entry.verb == "delivery_cancelled"
        )
    )
    return {
        details["delivery"]
        for details in lines
        if details.get("was") == ADDRESS_CHANGED
    }


def _is_elsewhere_since(before: Delivery) -> bool:
    """The access went off and the address changed: as for what is held meanwhile."""
    connection = before.connection
    goes_to = connection.destination_for(before.slot)
    if goes_to is None or before.settled_at is None or goes_to.changed_at is None:
        return False
    ended_at = max(before.settled_at, before.created_at)
    was_off = not connection.is_authorised or connection.authorised_at > ended_at
    return was_off and goes_to.changed_at > ended_at
