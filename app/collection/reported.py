"""What another server says of who sent a message (Authentication-Results, RFC 8601).

Anybody can write such a header. Only the topmost one is looked at, only where a server
that we trust put it there, and only if it bears that server's name.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

import authres
import authres.dmarc
from flask import current_app

from app.collection.aligning import is_aligned
from app.collection.heads import Head
from app.collection.models import InboundMail

LONGEST = 5000
# Doors behind which a provider has taken the message in.
PROVIDED = ("postmark", "mailgun", "sendgrid", "imap")
_READING = authres.FeatureContext(authres.dmarc)
_ASKS_NOTHING = re.compile(
    r"dmarc\s*=\s*fail[^;]*?(?:\bp|\bpolicy|\baction)\s*=\s*none\b", re.IGNORECASE
)
_INSTANCE = re.compile(r"\s*i\s*=\s*1\s*;")


@dataclass(frozen=True)
class Said:
    """pass, fail or none of the author's domain, and in which words."""

    verdict: str
    text: str


def by_the_provider(mail: InboundMail, head: Head, domain: str) -> Said | None:
    """None where nobody whom we trust said anything."""
    name: str = current_app.config["INBOUND_AUTHSERV_ID"]
    written = head.all("Authentication-Results")
    if not name or not written or not _is_trusted(mail):
        return None
    return _said(written[0], name, domain)


def by_a_sealer(results: str, domain: str) -> Said | None:
    """`results`: ARC-Authentication-Results of the first, whose seal is good."""
    if not _INSTANCE.match(results):
        return None
    said = _said(_INSTANCE.sub("", results, count=1), "", domain)
    return said if said and said.verdict == "pass" else None


def is_relay(client_ip: str) -> bool:
    try:
        found = ipaddress.ip_address(client_ip)
    except ValueError:
        return False
    return any(found in network for network in current_app.config["INBOUND_RELAYS"])


def _is_trusted(mail: InboundMail) -> bool:
    return mail.door in PROVIDED or is_relay(mail.client_ip)


def _said(value: str, name: str, domain: str) -> Said | None:
    value = value[:LONGEST]
    try:
        read = _READING.parse_value(value)
    except Exception:  # anything, for what is malformed
        return None
    if name and (read.authserv_id or "").lower() != name.lower():
        return None
    results = list(read.results)
    text = " ".join(f"{one.method}={one.result}" for one in results)
    return Said(_verdict(results, value, domain), f"{read.authserv_id}: {text}")


def _verdict(results: list[Any], value: str, domain: str) -> str:
    told = [
        one.result.lower()
        for one in results
        if one.method == "dmarc" and _of(one, "header", "from") == domain
    ]
    if "pass" in told or any(_proves(one, domain) for one in results):
        return "pass"
    return "fail" if "fail" in told and not _ASKS_NOTHING.search(value) else "none"


def _proves(one: Any, domain: str) -> bool:
    """An aligned pass, also where the domain has no wish written down."""
    if one.result.lower() != "pass" or one.method not in {"dkim", "spf"}:
        return False
    if one.method == "spf":
        other = _of(one, "smtp", "mailfrom")
    else:
        other = _of(one, "header", "d") or _of(one, "header", "i")
    return is_aligned(other.rpartition("@")[2], domain)


def _of(one: Any, kind: str, name: str) -> str:
    found = (p.value for p in one.properties if (p.type, p.name) == (kind, name))
    return str(next(found, "")).strip().lower()
