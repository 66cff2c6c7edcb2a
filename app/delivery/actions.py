"""The one thing to do about a delivery: a link to follow, or a button to press."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from flask import url_for

from app.connectors.models import Connection
from app.delivery.models import Delivery
from app.library.models import Document
from app.texts import gettext as _


@dataclass(frozen=True)
class Action:
    """`fields` go with a button; the address is made when it is shown."""

    label: str
    endpoint: str
    values: dict[str, Any]
    method: str = "get"  # or post
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return url_for(self.endpoint, **self.values)


def send(document: Document, connection: Connection, slot: str, label: str) -> Action:
    """By hand, to this slot of the connection; once more when it was sent before."""
    return Action(
        label,
        "delivery.transmit_create",
        {"document_id": document.id},
        "post",
        {"connection": str(connection.id), "slot": slot},
    )


def send_again(delivery: Delivery) -> Action:
    fields = {"id": str(delivery.id), "act": "resend"}
    return Action(_("Send again"), "journal.act", {}, "post", fields)


def release(delivery: Delivery) -> Action:
    """What is held leaves as it is, because a person says so."""
    fields = {"id": str(delivery.id), "act": "release"}
    return Action(_("Send all the same"), "journal.act", {}, "post", fields)


def look(delivery: Delivery, label: str) -> Action:
    """Its page, where a person decides."""
    return Action(label, "journal.show", {"delivery_id": delivery.id})


def open_panel(connection: Connection, label: str) -> Action:
    """The company's line in the panel of the application."""
    where = {"key": connection.app_key, "company": connection.company.slug}
    return Action(label, "panel.show", where)


def open_folder(slug: str, folder_id: uuid.UUID, label: str) -> Action:
    return Action(label, "library.show", {"slug": slug, "folder_id": folder_id})
