"""Who signed what Amazon's SNS sends, and with which certificate.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import binascii
import logging
import re
from collections.abc import Callable
from http.client import HTTPException, HTTPSConnection
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from flask import current_app

from app.db import utc_now

log = logging.getLogger(__name__)
Fetch = Callable[[str, str], bytes]  # host, path
CACHE = "guichet.sns_certificates"
FETCHER = "guichet.sns_fetcher"
PATIENCE = 5  # seconds
LARGEST = 20_000  # bytes of a certificate
MOST_KEPT = 20
# Nothing else of that host is a certificate, whatever it answers.
_URL = re.compile(
    r"https://(sns\.([a-z0-9-]{5,30})\.amazonaws\.com(?:\.cn)?)"
    r"(/SimpleNotificationService-[0-9a-f]{16,64}\.pem)"
)
_CONFIRM = re.compile(
    r"https://sns\.[a-z0-9-]{5,30}\.amazonaws\.com(?:\.cn)?/\?[!-~]{1,2000}"
)
_HASHES = {"1": hashes.SHA1, "2": hashes.SHA256}
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SUBSCRIPTION = (
    *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
)


def is_signed(told: dict[str, Any], topic: str) -> bool:
    """By Amazon, for this very topic. Asks the network for a certificate once."""
    if not topic or told.get("TopicArn") != topic:
        return False
    make_hash = _HASHES.get(str(told.get("SignatureVersion")))
    public = _key_at(str(told.get("SigningCertURL")), topic)
    if make_hash is None or public is None:
        return False
    try:
        signature = base64.b64decode(str(told.get("Signature")), validate=True)
        public.verify(signature, _signed(told), padding.PKCS1v15(), make_hash())
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True


def _signed(told: dict[str, Any]) -> bytes:
    is_notice = told.get("Type") == "Notification"
    names = _NOTIFICATION if is_notice else _SUBSCRIPTION
    present = [name for name in names if isinstance(told.get(name), str)]
    lines = "".join(f"{name}\n{told[name]}\n" for name in present)
    return lines.encode("utf-8", "replace")


def subscribe_url(told: dict[str, Any]) -> str:
    """Where the operator confirms; nothing where it leads elsewhere than to SNS."""
    url = told.get("SubscribeURL")
    return url if isinstance(url, str) and _CONFIRM.fullmatch(url) else ""


def _key_at(url: str, topic: str) -> rsa.RSAPublicKey | None:
    """Of a certificate of SNS in the topic's own region, that is good today."""
    where = _URL.fullmatch(url)
    if where is None or topic.split(":")[3:4] != [where[2]]:
        return None
    kept: dict[str, x509.Certificate] = current_app.extensions.setdefault(CACHE, {})
    if url not in kept:
        certificate = _fetched(where[1], where[3])
        if certificate is None:
            return None
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[url] = certificate
    found = kept[url]
    if not found.not_valid_before_utc <= utc_now() <= found.not_valid_after_utc:
        return None
    public = found.public_key()
    return public if isinstance(public, rsa.RSAPublicKey) else None


def _fetched(host: str, path: str) -> x509.Certificate | None:
    fetch: Fetch = current_app.extensions.get(FETCHER, fetch_by_https)
    try:
        return x509.load_pem_x509_certificate(fetch(host, path))
    except (OSError, HTTPException, ValueError) as error:
        log.warning("the certificate at %s cannot be had: %s", host, error)
        return None


def fetch_by_https(host: str, path: str) -> bytes:
    """No redirect is followed. Raises OSError, HTTPException."""
    line = HTTPSConnection(host, timeout=PATIENCE)
    try:
        line.request("GET", path)
        answer = line.getresponse()
        if answer.status != 200:
            raise OSError(f"{answer.status} {answer.reason}")
        return answer.read(LARGEST)
    finally:
        line.close()
