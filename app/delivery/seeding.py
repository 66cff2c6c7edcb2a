"""What became of the demonstration's deliveries: made up, so that it has one in every
state to look at.
"""

from datetime import datetime, timedelta

from app.activity.models import Entry
from app.db import db, utc_now
from app.library.deposit import Deposited
from app.people.models import Person


def as_if_sent(done: Deposited, sender: str, destination: str) -> None:
    """Two days ago."""
    then = utc_now() - timedelta(days=2)
    for delivery in done.deliveries:
        delivery.state, delivery.attempts = "accepted", 1
        delivery.sender, delivery.destination = sender, destination
        delivery.last_code, delivery.last_text = 250, "2.0.0 Ok: queued (démonstration)"
        delivery.accepted_at = delivery.settled_at = then
        tell(done, "transmitted", then, firm_only=True, destination=destination)
    done.document.status, done.document.validated_at = "validated", then
    tell(done, "validated", then)


def since_then(done: Deposited, state: str, code: int, text: str) -> None:
    """What came of it in the end: a bounce takes the validation back."""
    for delivery in done.deliveries:
        delivery.state, delivery.last_code, delivery.last_text = state, code, text
        delivery.settled_at = utc_now() - timedelta(days=1)
        delivery.attempts = max(delivery.attempts, 1)
        delivery.reason = {"failed": "refused", "bounced": "bounced"}.get(state)
        if state == "bounced":
            _take_validation_back(done, delivery.settled_at, text)


def _take_validation_back(done: Deposited, at: datetime, said: str) -> None:
    done.document.status, done.document.validated_at = "received", None
    tell(done, "bounced", at, firm_only=True, reply=said)
    tell(done, "validation_taken_back", at, firm_only=True)


def tell(
    done: Deposited,
    verb: str,
    at: datetime,
    by: Person | None = None,
    *,
    firm_only: bool = False,
    **details: str,
) -> None:
    """A line in the trail, of that time."""
    document = done.document
    db.session.add(
        Entry(
            firm_id=document.firm_id,
            company_id=document.company_id,
            document_id=document.id,
            actor_id=by.id if by else None,
            verb=verb,
            at=at,
            is_firm_only=firm_only,
            details=details,
        )
    )


def in_trouble(done: Deposited) -> None:
    for delivery in done.deliveries:
        delivery.state, delivery.attempts = "deferred", 3
        delivery.not_before = utc_now() + timedelta(hours=6)
        delivery.last_code = 451
        delivery.last_text = "4.7.1 Try again later (démonstration)"


def in_doubt(done: Deposited) -> None:
    for delivery in done.deliveries:
        delivery.state, delivery.reason = "unknown", "ambiguous"
        delivery.attempts, delivery.ambiguous = 2, 2
        delivery.last_text = "Connection lost after the final dot (démonstration)"
