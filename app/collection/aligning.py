"""Which domains stand for each other, and what a domain asks for (DMARC, RFC 7489)."""

import importlib.resources
from dataclasses import dataclass
from functools import lru_cache

from authheaders.dmarc_lookup import DMARCException, lookup_receiver_record
from publicsuffix2 import PublicSuffixList

from app.collection.resolving import Questions

POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True)
class Wish:
    """What the domain wants done with what is not proven to be its own; `policy` is
    empty where it says nothing."""

    policy: str = ""
    strict_dkim: bool = False
    strict_spf: bool = False


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    """The list that comes with authheaders: that of publicsuffix2 is of 2019."""
    path = importlib.resources.files("authheaders") / "public_suffix_list.txt"
    with path.open(encoding="utf-8") as lines:
        return PublicSuffixList(lines)


def organisation(domain: str) -> str:
    """`factures.dupont.co.uk` → `dupont.co.uk`.

    Below an ending that the list does not know it is the last two labels, by the list's
    own rule; the library says the last one alone, and all of it would be one house.
    """
    domain = domain.strip(".").lower()
    found: str = _suffixes().get_sld(domain) or ""
    return found if "." in found else ".".join(domain.split(".")[-2:])


def is_aligned(other: str, author: str, *, strict: bool = False) -> bool:
    """Whether the domain `other`, which was proven, stands for that of the author."""
    other, author = other.strip(".").lower(), author.lower()
    if not other or not author:
        return False
    return other == author or (
        not strict and organisation(other) == organisation(author)
    )


def wish_of(domain: str, questions: Questions) -> Wish:
    """Raises Unanswered."""
    if record := _record(domain, questions):
        return _wish(record, record.get("p", ""))
    above = organisation(domain)
    if above != domain and (record := _record(above, questions)):
        return _wish(record, record.get("sp") or record.get("p", ""))
    return Wish()


def _wish(record: dict[str, str], policy: str) -> Wish:
    # One that is misspelt asks for nothing (RFC 7489, 6.6.3).
    return Wish(
        policy=policy if policy in POLICIES else "none",
        strict_dkim=record.get("adkim") == "s",
        strict_spf=record.get("aspf") == "s",
    )


def _record(domain: str, questions: Questions) -> dict[str, str]:
    """Of several there is none (RFC 7489, 6.6.3); the library gets only one to see."""

    def ask(name: str) -> str | None:
        texts = [text for text in questions.ask(name) if text[:8] == b"v=DMARC1"]
        return texts[0].decode("ascii", "replace") if len(texts) == 1 else None

    try:
        found: dict[str, str] = lookup_receiver_record(domain, ask)
    except DMARCException:
        return {}
    return found
