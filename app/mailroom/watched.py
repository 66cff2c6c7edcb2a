"""How the watched mailbox is doing, for the operator and for whoever watches us."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app

from app.collection.models import WatchedMailbox
from app.db import database_now, db
from app.mailroom.mailbox import address_from

# It is looked at every minute; a look may take one, and a worker may be busy.
LATE = timedelta(minutes=10)


@dataclass(frozen=True)
class Watched:
    name: str
    looked_at: datetime | None
    trouble: str  # as the server said it
    is_late: bool

    @property
    def is_well(self) -> bool:
        return not self.trouble and not self.is_late


def watched() -> Watched | None:
    """None where there is no such mailbox."""
    url = current_app.config["INBOUND_IMAP_URL"]
    if not url:
        return None
    name = address_from(url).name
    row = db.session.get(WatchedMailbox, name)
    looked_at = row.looked_at if row else None
    is_late = looked_at is None or looked_at < database_now() - LATE
    return Watched(name, looked_at, row.trouble if row else "", is_late)
