"""SendGrid: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event

Many events in a request, signed together: ECDSA on P-256 over the time and the body.
MAIL_WEBHOOK_KEY is the «Verification Key», base64 of its public key.
"""

import base64
import binascii
import logging
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from app.delivery.correlating import Keys
from app.delivery.providers.event import (
    Headers,
    ProviderEvent,
    identity,
    joined,
    message_id,
    read_json,
    rows,
    text,
    written,
)

log = logging.getLogger(__name__)
SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
_KINDS = {
    "delivered": "delivered",
    "bounce": "bounced",
    # On a list of addresses that it does not send to any more.
    "dropped": "bounced",
    "deferred": "delayed",
    "spamreport": "complained",
}


def is_genuine(body: bytes, headers: Headers, key: str) -> bool:
    public = _public(key)
    if public is None:
        return False
    signed = headers.get(TIMESTAMP, "").encode() + body
    try:
        signature = base64.b64decode(headers.get(SIGNATURE, ""), validate=True)
        public.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True


def _public(key: str) -> ec.EllipticCurvePublicKey | None:
    try:
        public = load_der_public_key(base64.b64decode(key))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        log.error("MAIL_WEBHOOK_KEY is no verification key of SendGrid")
        return None
    if not isinstance(public, ec.EllipticCurvePublicKey):
        return None
    return public if isinstance(public.curve, ec.SECP256R1) else None


def events(body: bytes | str, _headers: Headers) -> list[ProviderEvent]:
    found = (_event(told) for told in rows(read_json(body)))
    return [event for event in found if event]


def _event(told: dict[str, Any]) -> ProviderEvent | None:
    event_id = identity(told.get("sg_event_id"))
    if not event_id:
        return None
    return ProviderEvent(
        event_id=event_id,
        kind=_KINDS.get(text(told.get("event"), 40), "other"),
        raw=written([told]),
        keys=Keys(
            # What it answered with, and behind it the machine that it went through.
            provider_id=text(told.get("sg_message_id"), 255).partition(".")[0],
            message_ids=tuple(filter(None, (message_id(told.get("smtp-id")),))),
            # Our own arguments stand among its fields.
            delivery_id=text(told.get("delivery"), 60),
        ),
        recipient=text(told.get("email"), 254),
        text=joined(told.get("status"), told.get("reason") or told.get("response")),
    )
