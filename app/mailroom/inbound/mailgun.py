"""Mailgun: a route that forwards to an address that ends in `mime` brings the message
https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store

It signs a time and a token, not the message. INBOUND_WEBHOOK_SECRET is the «HTTP
webhook signing key».
"""

from app.delivery.providers.mailgun import OLDEST, is_signed
from app.mailroom.inbound.brought import Brought, Forged, Headers, is_recent
from app.mailroom.inbound.forms import fields, message_in, text

LONGEST_LIST = 50_000


def may_knock(_headers: Headers, secret: str) -> bool:
    """The signature is in the body."""
    return bool(secret)


def read(body: bytes, headers: Headers, secret: str) -> Brought:
    found = fields(body, headers.get("Content-Type", ""))
    timestamp, token = text(found.get("timestamp"), 20), text(found.get("token"), 100)
    given = text(found.get("signature"), 100)
    if not is_signed(timestamp, token, given, secret) or not is_recent(
        timestamp, OLDEST
    ):
        raise Forged
    recipients = text(found.get("recipient"), LONGEST_LIST).split(",")
    return Brought(
        raw=message_in(found, "body-mime"),
        recipients=tuple(filter(None, map(str.strip, recipients))),
        sender=text(found.get("sender")),
        provider_id=token,
        token=token,
    )
