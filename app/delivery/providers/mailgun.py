"""Mailgun: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks

It signs a time and a token, not the body: a token is good for one event, for ever
(`events.keep` keeps it). MAIL_WEBHOOK_KEY is the «HTTP webhook signing key».
"""

import hashlib
import hmac
import time
from typing import Any

from app.delivery.correlating import Keys
from app.delivery.providers.event import (
    Headers,
    ProviderEvent,
    identity,
    joined,
    message_id,
    read_json,
    table,
    text,
    written,
)

# It goes on trying for eight hours and a quarter; a shorter window would lose events.
OLDEST = 9 * 3600
AHEAD = 300  # seconds by which its clock may be before ours
_KINDS = {
    "delivered": "delivered",
    "rejected": "bounced",
    "complained": "complained",
}
_FAILURES = {"permanent": "bounced", "temporary": "delayed"}


def is_genuine(body: bytes, _headers: Headers, key: str) -> bool:
    signed = table(read_json(body), "signature")
    timestamp, token = text(signed.get("timestamp"), 20), text(signed.get("token"), 100)
    given = text(signed.get("signature"), 100)
    return is_signed(timestamp, token, given, key) and _is_recent(timestamp)


def is_signed(timestamp: str, token: str, given: str, key: str) -> bool:
    wanted = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256)
    is_same = hmac.compare_digest(wanted.hexdigest().encode(), given.encode())
    return bool(key) and is_same and bool(token)


def _is_recent(timestamp: str) -> bool:
    if not (timestamp.isascii() and timestamp.isdecimal()):
        return False
    return -AHEAD <= time.time() - int(timestamp) <= OLDEST


def token_of(body: bytes) -> str:
    return text(table(read_json(body), "signature").get("token"), 100)


def events(body: bytes | str, _headers: Headers) -> list[ProviderEvent]:
    whole = read_json(body)
    told = table(whole, "event-data")
    event_id = identity(told.get("id"))
    if not event_id:
        return []
    name = text(told.get("event"), 40)
    kind = _KINDS.get(name, "other")
    if name == "failed":
        kind = _FAILURES.get(text(told.get("severity"), 40), "other")
    return [
        ProviderEvent(
            event_id=event_id,
            kind=kind,
            raw=written({"event-data": told}),
            keys=_keys(told),
            recipient=text(told.get("recipient"), 254),
            text=_said(told),
        )
    ]


def _keys(told: dict[str, Any]) -> Keys:
    given = table(told, "message", "headers").get("message-id")
    return Keys(
        verp=text(table(told, "envelope").get("sender"), 254),
        message_ids=tuple(filter(None, (message_id(given),))),
        delivery_id=text(table(told, "user-variables").get("delivery"), 60),
    )


def _said(told: dict[str, Any]) -> str:
    status = table(told, "delivery-status")
    said = status.get("message") or status.get("description")
    why = table(told, "reject").get("reason") or told.get("reason")
    return joined(status.get("code"), said) if said else joined(why)
