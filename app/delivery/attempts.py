"""One line for each try: how far it came and what was answered."""

import time

from app.db import db
from app.delivery.answers import Reply
from app.delivery.claiming import Claim
from app.delivery.models import Attempt


def note_attempt(claim: Claim, phase: str, reply: Reply | None) -> None:
    """Add the line; the caller commits."""
    db.session.add(
        Attempt(
            firm_id=claim.firm_id,
            delivery_id=claim.id,
            token=claim.token,
            owner=claim.owner,
            started_at=claim.started_at,
            milliseconds=round((time.monotonic() - claim.clock) * 1000),
            phase=phase,
            code=reply.code or None if reply else None,
            enhanced_code=reply.enhanced or None if reply else None,
            text=reply.text if reply else "",
            bytes_sent=claim.bytes_sent,
        )
    )
