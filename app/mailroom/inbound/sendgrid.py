"""SendGrid's Inbound Parse with «POST the raw, full MIME message»
https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/inbound-email

INBOUND_WEBHOOK_SECRET is the password of basic authentication in the address that it is
given (or `user:password`), or the public key of a security policy with a signature:
then only what is signed is taken.
"""

from app.delivery.providers import postmark, sendgrid
from app.delivery.providers.event import read_json, table, text as line
from app.mailroom.inbound.brought import Brought, Forged, Headers, is_recent
from app.mailroom.inbound.forms import fields, message_in, text

# Every key on P-256 begins so (RFC 5480), and no password does.
_PUBLIC_KEY = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"
LONGEST_LIST = 50_000
# It goes on trying for three days. It signs the message: the same again is known.
OLDEST = (3 * 24 + 1) * 3600


def may_knock(headers: Headers, secret: str) -> bool:
    if _is_signing(secret):
        return is_recent(headers.get(sendgrid.TIMESTAMP, ""), OLDEST)
    return postmark.is_genuine(b"", headers, secret)


def read(body: bytes, headers: Headers, secret: str) -> Brought:
    if _is_signing(secret) and not sendgrid.is_genuine(body, headers, secret):
        raise Forged
    found = fields(body, headers.get("Content-Type", ""))
    envelope = table(read_json(text(found.get("envelope"), LONGEST_LIST)))
    to = envelope.get("to")
    recipients = [line(one, 320) for one in to] if isinstance(to, list) else []
    return Brought(
        raw=message_in(found, "email"),
        recipients=tuple(filter(None, recipients)),
        sender=line(envelope.get("from"), 320),
        client_ip=text(found.get("sender_ip"), 45),
    )


def _is_signing(secret: str) -> bool:
    return secret.startswith(_PUBLIC_KEY)
