"""Postmark: https://postmarkapp.com/developer/webhooks/inbound-webhook, with «Include
raw email content in JSON payload».

It signs nothing: INBOUND_WEBHOOK_SECRET is the password of basic authentication in the
address that it is given, or `user:password`.
"""

import re
from typing import Any

from app.delivery.providers import postmark
from app.delivery.providers.event import read_json, rows, table, text
from app.mailroom.inbound.brought import Brought, Headers, Unreadable

_ENVELOPE_FROM = re.compile(r"\benvelope-from=<?([^\s;>]*)")


def may_knock(headers: Headers, secret: str) -> bool:
    return postmark.is_genuine(b"", headers, secret)


def read(body: bytes, _headers: Headers, _secret: str) -> Brought:
    told = table(read_json(body))
    raw = told.get("RawEmail")
    if not isinstance(raw, str):
        raise Unreadable("no RawEmail: «Include raw email content» is off")
    recipient = text(told.get("OriginalRecipient"), 320)
    return Brought(
        raw=_bytes(raw),
        recipients=(recipient,) if recipient else (),
        sender=_sender(told),
        provider_id=text(told.get("MessageID"), 255) or None,
    )


def _bytes(raw: str) -> bytes:
    """JSON has no bytes: those that were no UTF-8 may stand escaped."""
    try:
        return raw.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return raw.encode(errors="replace")


def _sender(told: dict[str, Any]) -> str:
    """As its own topmost note has it, for there is no field of it; else From."""
    for row in rows(told.get("Headers")):
        if text(row.get("Name")).lower() == "received-spf":
            found = _ENVELOPE_FROM.search(text(row.get("Value")))
            return found[1] if found else ""
    return text(told.get("From"), 320)
