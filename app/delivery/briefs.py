"""Of a delivery what a list of documents says of it. A list asks for many: as rows of
plain values they cost a part of what objects would."""

import uuid
from datetime import datetime
from typing import NamedTuple, TypeVar

from app.connectors.models import Connection
from app.delivery.models import Delivery


class Brief(NamedTuple):
    id: uuid.UUID
    document_id: uuid.UUID
    connection_id: uuid.UUID
    slot: str
    state: str
    reason: str | None
    not_before: datetime
    last_text: str | None
    app_key: str


Told = TypeVar("Told", Delivery, Brief)

# In the order of its fields.
COLUMNS = (
    Delivery.id,
    Delivery.document_id,
    Delivery.connection_id,
    Delivery.slot,
    Delivery.state,
    Delivery.reason,
    Delivery.not_before,
    Delivery.last_text,
    Connection.app_key,
)
