"""Postmark: https://postmarkapp.com/developer/webhooks/webhooks-overview

It signs nothing: HTTP basic authentication, or a header of our choice, says that it is
the one. MAIL_WEBHOOK_KEY is the password, or `user:password`.
"""

import base64
import binascii
import hmac
from typing import Any

from app.delivery.correlating import Keys
from app.delivery.providers.event import (
    Headers,
    ProviderEvent,
    identity,
    joined,
    read_json,
    table,
    text,
    written,
)

SECRET_HEADER = "X-Webhook-Key"  # noqa: S105 - the name of the header
_KINDS = {"Delivery": "delivered", "SpamComplaint": "complained"}
# A bounce may be no more than a delay, or an answer of the other side.
_BOUNCES = {
    **dict.fromkeys(("Transient", "DnsError"), "delayed"),
    "SpamComplaint": "complained",
    **dict.fromkeys(
        (
            *("HardBounce", "SoftBounce", "BadEmailAddress", "Blocked", "DMARCPolicy"),
            *("SMTPApiError", "SpamNotification", "ManuallyDeactivated"),
            *("VirusNotification", "Undeliverable", "Unknown"),
        ),
        "bounced",
    ),
}


def is_genuine(_body: bytes, headers: Headers, key: str) -> bool:
    secret = key.encode()
    offered = headers.get(SECRET_HEADER, "").encode()
    basic = _basic(headers.get("Authorization", ""))
    password = basic.partition(b":")[2]
    # Every comparison is made: the time says nothing of which one was near.
    same = [hmac.compare_digest(one, secret) for one in (offered, basic, password)]
    return bool(secret) and any(same)


def _basic(value: str) -> bytes:
    kind, _space, coded = value.partition(" ")
    if kind.lower() != "basic":
        return b""
    try:
        return base64.b64decode(coded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def events(body: bytes | str, _headers: Headers) -> list[ProviderEvent]:
    told = read_json(body)
    event = _event(told) if isinstance(told, dict) else None
    return [event] if event else []


def _event(told: dict[str, Any]) -> ProviderEvent | None:
    record = text(told.get("RecordType"), 40)
    recipient = text(told.get("Recipient") or told.get("Email"), 254)
    # Only bounces and complaints have a number of their own.
    number = told.get("ID") or f"{text(told.get('MessageID'), 60)}/{recipient}"
    event_id = identity(record, number)
    if not event_id:
        return None
    kind = _KINDS.get(record, "other")
    if record == "Bounce":
        kind = _BOUNCES.get(text(told.get("Type"), 40), "other")
    return ProviderEvent(
        event_id=event_id,
        kind=kind,
        raw=written(told),
        keys=Keys(
            provider_id=text(told.get("MessageID"), 255),
            delivery_id=text(table(told, "Metadata").get("delivery"), 60),
        ),
        recipient=recipient,
        text=joined(told.get("Details"), told.get("Description")),
    )
