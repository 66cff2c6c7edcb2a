"""The requests by which the providers bring a message, as their documentation has
them."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from werkzeug.test import TestResponse

from tests.cast import browser_at

SECRET = "a-secret-of-the-tests"
SENDER = "facturation@supplier.test"
Request = dict[str, Any]


def basic(secret: str = SECRET) -> dict[str, str]:
    coded = base64.b64encode(f"guichet:{secret}".encode()).decode()
    return {"Authorization": f"Basic {coded}"}


def by_postmark(raw: bytes, to: str, message_id: str = "") -> Request:
    note = "Pass (sender SPF authorized) identity=mailfrom; client-ip=192.0.2.7; "
    body = {
        "From": "someone@else.test",
        "To": "whoever@example.test",
        "OriginalRecipient": to,
        "MessageID": message_id or hashlib.sha256(raw).hexdigest()[:36],
        "Headers": [
            {"Name": "Received-SPF", "Value": f"{note}envelope-from={SENDER}; x=y"},
            {"Name": "Received-SPF", "Value": "Pass envelope-from=forged@else.test;"},
        ],
        "RawEmail": raw.decode(errors="surrogateescape"),
    }
    return {
        "data": json.dumps(body).encode(),
        "headers": basic() | {"Content-Type": "application/json"},
    }


def mailgun_fields(
    raw: bytes, to: str, at: float | None = None, token: str = ""
) -> dict[str, bytes | str]:
    timestamp = str(int(at or time.time()))
    token = token or secrets.token_hex(25)
    signed = hmac.new(SECRET.encode(), f"{timestamp}{token}".encode(), hashlib.sha256)
    return {
        "recipient": to,
        "sender": SENDER,
        "from": "Someone <someone@else.test>",
        "timestamp": timestamp,
        "token": token,
        "signature": signed.hexdigest(),
        "body-mime": raw,
    }


def by_mailgun(raw: bytes, to: str, **more: Any) -> Request:
    kind = "application/x-www-form-urlencoded"
    body = urlencode(mailgun_fields(raw, to, **more)).encode()
    return {"data": body, "headers": {"Content-Type": kind}}


def by_mailgun_in_parts(raw: bytes, to: str) -> Request:
    return in_parts(mailgun_fields(raw, to))


def by_sendgrid(raw: bytes, to: str | Sequence[str]) -> Request:
    recipients = [to] if isinstance(to, str) else list(to)
    made = in_parts(
        {
            "to": "whoever@example.test",
            "envelope": json.dumps({"to": recipients, "from": SENDER}),
            "sender_ip": "192.0.2.7",
            "email": raw,
        }
    )
    made["headers"] |= basic()
    return made


def in_parts(fields: dict[str, bytes | str]) -> Request:
    """As `multipart/form-data`, each field a part without a type."""
    boundary = secrets.token_hex(12)
    body = b""
    for name, value in fields.items():
        coded = value if isinstance(value, bytes) else value.encode()
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        body += head.encode() + coded + b"\r\n"
    kind = f"multipart/form-data; boundary={boundary}"
    return {
        "data": body + f"--{boundary}--\r\n".encode(),
        "headers": {"Content-Type": kind},
    }


Bring = Callable[[bytes, str], Request]
PROVIDERS: dict[str, Bring] = {
    "postmark": by_postmark,
    "mailgun": by_mailgun,
    "mailgun/mime": by_mailgun_in_parts,
    "sendgrid": by_sendgrid,
}


def bring(app: Flask, path: str, request: Request) -> TestResponse:
    """To the platform's host."""
    return browser_at(app, None).post(f"/inbound/{path}", **request)
