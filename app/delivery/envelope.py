"""The envelope of a message: whom a bounce goes to, and what a server may tell of it.

VERP: where the tool allows it, each delivery has a return address of its own, which
nobody can make who does not know our secret. The bot stays in the From: header.
"""

import base64
import hashlib
import hmac
import re
import uuid

from flask import current_app

from app.connectors import apps
from app.delivery.answers import Options
from app.delivery.claiming import Claim
from app.delivery.xtext import xtext

_RETURN = re.compile(r"bounce\+([0-9a-f]{32})\.([a-z2-7]{8})@([^@\s]{1,253})")


def envelope_sender(claim: Claim) -> str:
    """The bot, or the delivery's own return address where the tool's file says so."""
    app = apps.find(claim.app_key)
    return return_address(claim.id) if app and app.envelope == "verp" else claim.sender


def return_address(delivery_id: uuid.UUID) -> str:
    """`bounce+<delivery>.<hmac>@<mail domain>`: 48 letters before the @, of 64."""
    signed = _signature(delivery_id.hex)
    return f"bounce+{delivery_id.hex}.{signed}@{current_app.config['MAIL_DOMAIN']}"


def returned_to(address: str) -> uuid.UUID | None:
    """The delivery whose return address it is; None when it is none of ours."""
    parts = _RETURN.fullmatch(address.strip().lower())
    if parts is None or parts[3] != current_app.config["MAIL_DOMAIN"]:
        return None
    if not hmac.compare_digest(_signature(parts[1]), parts[2]):
        return None
    return uuid.UUID(parts[1])


def _signature(delivery: str) -> str:
    """Eight letters of base32, 40 bits: some servers write addresses in capitals."""
    key = current_app.config["SECRET_KEY"].encode()
    whole = hmac.new(key, f"return address {delivery}".encode(), hashlib.sha256)
    return base64.b32encode(whole.digest()[:5]).decode().lower()


def options(claim: Claim) -> Options:
    """What a server that knows RFC 3461 is asked to report, and by which name."""
    to = xtext(claim.destination or "")
    return Options(
        mail=("RET=HDRS", f"ENVID={claim.id}"),
        rcpt=("NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;{to}"),
    )
