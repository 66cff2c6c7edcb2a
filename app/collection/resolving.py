"""Questions to the domain name system, with an end: so many seconds for one message.

Whoever is asked is one object of the application (`dns`), which tests put another one
for. A name that has no such record has an empty answer; that nobody answered is another
thing (`Unanswered`), for a domain must not be disbelieved because of our own line.
"""

import logging
import time
from collections.abc import Sequence
from typing import Any, Protocol

import dns.exception
import dns.rdatatype
import dns.resolver
from flask import current_app

log = logging.getLogger(__name__)
KEY = "guichet.dns"
SECONDS = 5.0  # for all that one message asks
EACH = 2.0
LONGEST = 4000  # bytes of a text
KEPT = 10_000  # answers, each as long as it says
# With no server that answers, every message would wait: nobody is asked for a while.
AWAY_SECONDS = 60.0
Answers = Sequence[Any]


class Unanswered(Exception):
    """No server said whether there is such a record."""


class Source(Protocol):
    def ask(self, name: str, kind: str, seconds: float) -> Answers:
        """Texts as bytes, addresses and names as str, exchanges as (preference, name).
        Raises Unanswered."""


class Nobody:
    """For a machine that has no name server, or is not to ask one."""

    def ask(self, name: str, kind: str, seconds: float) -> Answers:
        raise Unanswered("no name server is asked here")


class Servers:
    """The system's, or those of the setting; their answers are kept as they say."""

    def __init__(self, addresses: Sequence[str] = ()) -> None:
        self.resolver = dns.resolver.Resolver(configure=not addresses)
        if addresses:
            self.resolver.nameservers = list(addresses)
        self.resolver.timeout = 1.0
        self.resolver.cache = dns.resolver.LRUCache(KEPT)
        self.away_until = 0.0

    def ask(self, name: str, kind: str, seconds: float) -> Answers:
        if time.monotonic() < self.away_until:
            raise Unanswered("the name servers did not answer")
        try:
            found = self._resolve(name, kind, seconds)
        except dns.resolver.LifetimeTimeout as error:
            self._note_absence()
            raise Unanswered(str(error)) from error
        except (dns.resolver.NXDOMAIN, dns.resolver.YXDOMAIN):
            return ()
        except (dns.exception.DNSException, OSError) as error:
            raise Unanswered(str(error)) from error
        records = found.rrset or ()
        return tuple(_value(record, kind) for record in records)

    def _resolve(self, name: str, kind: str, seconds: float) -> dns.resolver.Answer:
        return self.resolver.resolve(
            name, kind, lifetime=seconds, search=False, raise_on_no_answer=False
        )

    def _note_absence(self) -> None:
        """Unless it is the domain's own servers that keep silent: by the root, which
        is always known."""
        try:
            self._resolve(".", "NS", 1.0)
        except dns.exception.DNSException:
            log.warning("no name server answers: senders are not told apart for now")
            self.away_until = time.monotonic() + AWAY_SECONDS


def _value(record: Any, kind: str) -> Any:
    if kind == "TXT":
        return b"".join(record.strings)[:LONGEST]
    if kind == "MX":
        return (record.preference, record.exchange.to_text(omit_final_dot=True))
    return str(record.address) if kind in {"A", "AAAA"} else record.target.to_text(True)


class Questions:
    """What one message asks; `has_gaps` when something of it had no answer."""

    def __init__(self, source: Source, seconds: float = SECONDS) -> None:
        self.source = source
        self.until = time.monotonic() + seconds
        self.has_gaps = False

    def ask(self, name: str, kind: str = "TXT") -> Answers:
        """Raises Unanswered, at once when the message's time is over."""
        left = self.until - time.monotonic()
        if not _is_name(name):
            return ()
        try:
            if left <= 0:
                raise Unanswered("its time is over")
            return self.source.ask(name.rstrip(".").lower(), kind, min(left, EACH))
        except Unanswered:
            self.has_gaps = True
            raise


def _is_name(name: str) -> bool:
    labels = name.rstrip(".").split(".")
    is_short = len(name) <= 253 and all(0 < len(label) < 64 for label in labels)
    return is_short and name.isascii() and name.isprintable() and " " not in name


def source() -> Source:
    """The application's, made at the first need."""
    found: Source | None = current_app.extensions.get(KEY)
    if found is None:
        found = current_app.extensions[KEY] = _made(current_app.config["DNS_SERVERS"])
    return found


def _made(setting: tuple[str, ...] | None) -> Source:
    if setting is None:
        return Nobody()
    try:
        return Servers(setting)
    except dns.resolver.NoResolverConfiguration:
        return Nobody()
