"""What the mail provider told of one delivery, in words; in the order it came."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.db import db
from app.delivery.models import Delivery, MailEvent
from app.texts import gettext as _


@dataclass(frozen=True)
class Told:
    at: datetime
    text: str
    said: str


def told_of(delivery: Delivery) -> list[Told]:
    rows = db.session.scalars(
        select(MailEvent)
        .where(MailEvent.delivery_id == delivery.id, MailEvent.kind.in_(_words()))
        .order_by(MailEvent.received_at, MailEvent.id)
    )
    return [Told(row.received_at, _words()[row.kind], row.said) for row in rows]


def _words() -> dict[str, str]:
    """What is none of these (opened, queued…) is kept, and not shown."""
    return {
        "delivered": _("The tool's server has it"),
        "bounced": _("The tool's server refused it"),
        "delayed": _("Not through yet, the mail provider goes on trying"),
        "complained": _("Reported as unwanted"),
    }
