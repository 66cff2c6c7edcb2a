"""The last deliveries of a folder's documents, each in a line."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from app.db import db
from app.delivery.badges import delivery_badge
from app.delivery.models import Delivery
from app.library.models import Document, Folder

LAST_SENDS = 4


@dataclass(frozen=True)
class Send:
    """A delivery, as the block of a folder shows it."""

    document_id: uuid.UUID
    name: str
    at: datetime
    label: str
    tone: str


def last_sends(folder: Folder) -> list[Send]:
    found = db.session.scalars(
        select(Delivery)
        .join(Document, Document.id == Delivery.document_id)
        .options(contains_eager(Delivery.document), joinedload(Delivery.connection))
        .where(Document.folder_id == folder.id, Document.trashed_at.is_(None))
        .order_by(Delivery.created_at.desc())
        .limit(LAST_SENDS)
    )
    return [_send(delivery) for delivery in found]


def _send(delivery: Delivery) -> Send:
    badge = delivery_badge(delivery)
    return Send(
        document_id=delivery.document_id,
        name=delivery.document.name,
        at=delivery.accepted_at or delivery.created_at,
        label=badge.label,
        tone=badge.tone,
    )
