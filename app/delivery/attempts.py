"""One line for each try: how far it came and what was answered."""

import time
from datetime import datetime

from sqlalchemy import func, or_, select

from app.db import db
from app.delivery.answers import OUR_CREDENTIALS, Reply
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


def tried_since(claim: Claim) -> datetime:
    """When the first of the tries that it was charged for began. One that is released
    after it was held is charged from the beginning again."""
    uncharged = (421, *OUR_CREDENTIALS)
    charged = (
        select(Attempt.started_at)
        .where(
            Attempt.delivery_id == claim.id,
            Attempt.phase != "connect",
            or_(Attempt.code.is_(None), Attempt.code.not_in(uncharged)),
        )
        .order_by(Attempt.id.desc())
        .limit(max(claim.attempts - 1, 0))
        .subquery()
    )
    return db.session.scalar(select(func.min(charged.c.started_at))) or claim.started_at
