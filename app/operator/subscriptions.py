"""A topic of Amazon's that asks to be confirmed: the operator follows the link."""

from datetime import timedelta

from sqlalchemy import select

from app.db import database_now, db
from app.delivery.models import MailEvent

GOOD_FOR = timedelta(days=3)  # then Amazon forgets its question


def to_confirm() -> str | None:
    """The newest link, as long as nothing else has come over the topic since."""
    newest = db.session.execute(
        select(MailEvent.kind, MailEvent.said)
        .where(
            MailEvent.provider == "ses",
            MailEvent.received_at > database_now() - GOOD_FOR,
        )
        .order_by(MailEvent.received_at.desc(), MailEvent.id.desc())
        .limit(1)
    ).one_or_none()
    if newest is None or newest.kind != "subscribe":
        return None
    return newest.said or None
