"""The four providers as they speak: bodies that we made, signed with keys of ours."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from app.db import utc_now

SECRET = "a secret of sixteen"
TOPIC = "arn:aws:sns:eu-west-3:123456789012:mail"
CERTIFICATE = "https://sns.eu-west-3.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
NAMES = ("postmark", "mailgun", "sendgrid", "ses")
EC_KEY = ec.generate_private_key(ec.SECP256R1())
Said = tuple[bytes, dict[str, str]]


@dataclass(frozen=True)
class Of:
    """What an event is about; what is empty is left out."""

    delivery: str = ""
    message_id: str = ""
    provider_id: str = ""
    recipient: str = "purchases.dune-alder@tool.test"


def key_of(provider: str) -> str:
    public = EC_KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    keys = {"sendgrid": base64.b64encode(public).decode(), "ses": TOPIC}
    return keys.get(provider, SECRET)


def say(provider: str, kind: str, of: Of, event: str = "1", said: str = "so") -> Said:
    """The body and the headers of a request that tells one event."""
    told = BODIES[provider](kind, of, event, said)
    return signed(provider, told)


def signed(provider: str, told: Any) -> Said:
    return SIGNERS[provider](told)


def _postmark(kind: str, of: Of, event: str, said: str) -> Any:
    told: dict[str, Any] = {
        "MessageID": of.provider_id or f"pm-{event}",
        "Details": said,
        "Metadata": {"delivery": of.delivery},
    }
    if kind == "delivered":
        return told | {"RecordType": "Delivery", "Recipient": of.recipient}
    told |= {"ID": f"4{event}", "Email": of.recipient}
    if kind == "complained":
        return told | {"RecordType": "SpamComplaint", "Type": "SpamComplaint"}
    types = {"bounced": "HardBounce", "delayed": "Transient"}
    return told | {"RecordType": "Bounce", "Type": types.get(kind, "Subscribe")}


def _mailgun(kind: str, of: Of, event: str, said: str) -> Any:
    names = {"bounced": "failed", "delayed": "failed", "other": "opened"}
    return {
        "id": f"mg-{event}",
        "event": names.get(kind, kind),
        "severity": "permanent" if kind == "bounced" else "temporary",
        "recipient": of.recipient,
        "message": {"headers": {"message-id": of.message_id.strip("<>")}},
        "delivery-status": {"code": 550, "message": said},
        "user-variables": {"delivery": of.delivery},
    }


def _sendgrid(kind: str, of: Of, event: str, said: str) -> Any:
    names = {"bounced": "bounce", "delayed": "deferred", "complained": "spamreport"}
    return [
        {
            "sg_event_id": f"sg-{event}",
            "event": names.get(kind, kind),
            "email": of.recipient,
            "smtp-id": of.message_id,
            "sg_message_id": f"{of.provider_id}.filter0001.1.2"
            if of.provider_id
            else "",
            "delivery": of.delivery,
            "reason": said,
        }
    ]


def _ses(kind: str, of: Of, event: str, said: str) -> Any:
    names = {"delayed": "DeliveryDelay", "complained": "Complaint", "other": "Open"}
    names |= {"bounced": "Bounce", "delivered": "Delivery"}
    row = {"emailAddress": of.recipient, "diagnosticCode": said}
    mail: dict[str, Any] = {
        "messageId": of.provider_id or f"ses-{event}",
        "destination": [of.recipient],
        "headers": [{"name": "Message-ID", "value": of.message_id}],
    }
    if of.delivery:
        mail["tags"] = {"delivery": [of.delivery]}
    message = {
        "eventType": names[kind],
        "mail": mail,
        "bounce": {"bounceType": "Permanent", "bouncedRecipients": [row]},
        "delivery": {"recipients": [of.recipient], "smtpResponse": said},
    }
    if kind != "bounced":
        del message["bounce"]
    return {"Type": "Notification", "MessageId": event, "Message": json.dumps(message)}


def sign_postmark(told: Any) -> Said:
    pair = base64.b64encode(f"guichet:{SECRET}".encode()).decode()
    return json.dumps(told).encode(), {"Authorization": f"Basic {pair}"}


def sign_mailgun(told: Any, token: str = "", at: float | None = None) -> Said:
    stamp = str(int(time.time() if at is None else at))
    token = token or hashlib.sha256(json.dumps(told).encode()).hexdigest()[:50]
    code = hmac.new(SECRET.encode(), f"{stamp}{token}".encode(), hashlib.sha256)
    signature = {"timestamp": stamp, "token": token, "signature": code.hexdigest()}
    return json.dumps({"signature": signature, "event-data": told}).encode(), {}


def sign_sendgrid(told: Any) -> Said:
    body = json.dumps(told).encode()
    return body, signed_by_sendgrid(body, str(int(time.time())))


def signed_by_sendgrid(body: bytes, stamp: str) -> dict[str, str]:
    """The headers of that body."""
    signature = EC_KEY.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    name = "X-Twilio-Email-Event-Webhook"
    coded = base64.b64encode(signature).decode()
    return {f"{name}-Signature": coded, f"{name}-Timestamp": stamp}


def sign_ses(told: Any, version: str = "2", url: str = CERTIFICATE) -> Said:
    """Signed field after field, each on a line of its own behind its name."""
    told = {"Timestamp": "2026-11-04T09:00:00.000Z", "TopicArn": TOPIC} | told
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token"]
    names += ["TopicArn", "Type"]
    text = "".join(f"{name}\n{told[name]}\n" for name in names if name in told)
    hashed = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303 - theirs
    signature = _pair()[0].sign(text.encode(), padding.PKCS1v15(), hashed)
    told |= {"SignatureVersion": version, "SigningCertURL": url}
    told["Signature"] = base64.b64encode(signature).decode()
    return json.dumps(told).encode(), {}


@cache
def _pair() -> tuple[rsa.RSAPrivateKey, bytes]:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(utc_now() - timedelta(days=1))
        .not_valid_after(utc_now() + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return key, made.public_bytes(serialization.Encoding.PEM)


def certificate() -> bytes:
    return _pair()[1]


BODIES = {
    "postmark": _postmark,
    "mailgun": _mailgun,
    "sendgrid": _sendgrid,
    "ses": _ses,
}
SIGNERS = {
    "postmark": sign_postmark,
    "mailgun": sign_mailgun,
    "sendgrid": sign_sendgrid,
    "ses": sign_ses,
}
