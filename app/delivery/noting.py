"""A line in the trail about one delivery, in the transaction of what it tells."""

from typing import Any

from app.activity.recording import record
from app.delivery.models import Delivery
from app.people.models import Person


def note(
    verb: str,
    delivery: Delivery,
    *,
    by: Person | None = None,
    firm_only: bool = True,
    **details: Any,
) -> None:
    """What clients may read as well names no delivery."""
    record(
        verb,
        firm_id=delivery.firm_id,
        company_id=delivery.company_id,
        document_id=delivery.document_id,
        actor_id=by.id if by else None,
        firm_only=firm_only,
        **({"delivery": str(delivery.id)} if firm_only else {}),
        **details,
    )
