"""What stands for senders: one address, or a whole domain (`@fournitures.example`)."""

import re
from collections.abc import Collection

from flask import current_app

from app.collection.own import is_own
from app.errors import Refused
from app.mailroom.links import site_of
from app.texts import gettext as _

LONGEST, LONGEST_NAME = 254, 64  # RFC 5321, 4.5.3.1
_NAME = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(
    r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z]"
)
# Whose domain says nothing of who writes: everybody may have an address there.
SHARED = {
    *("aol", "bbox", "bluewin", "club-internet", "free", "gmail", "gmx", "googlemail"),
    *("hotmail", "icloud", "laposte", "libertysurf", "live", "mac", "me", "msn"),
    *("neuf", "numericable", "orange", "outlook", "proton", "protonmail", "sfr"),
    *("aliceadsl", "fastmail", "hey", "mail", "tutanota", "voila", "wanadoo"),
    *("yahoo", "yandex", "ymail", "yopmail", "zoho"),
}


def checked(typed: str) -> str:
    """As it is kept, in small letters. Raises Refused."""
    pattern = typed.strip().strip("<>").lower()
    name, sign, domain = pattern.rpartition("@")
    if not pattern:
        raise Refused(_("Type an address, or @ and a domain."), "pattern")
    if not pattern.isascii():
        raise Refused(
            _("One letter of it only looks like another one: type it anew."),
            "pattern",
        )
    is_address = not name or (_NAME.fullmatch(name) and len(name) <= LONGEST_NAME)
    if not sign or not is_address or not _is_domain(domain) or len(pattern) > LONGEST:
        raise Refused(
            _(
                "This is neither an address nor a domain. For example: "
                "compta@fournitures.fr, or @fournitures.fr for everybody there."
            ),
            "pattern",
        )
    if not name and is_of_everybody(domain):
        raise Refused(
            _(
                "Anybody can have an address at %(domain)s: accept the whole address.",
                domain=domain,
            ),
            "pattern",
        )
    if is_own(pattern) or domain == current_app.config["MAIL_DOMAIN"]:
        raise Refused(
            _(
                "“%(pattern)s” is ours: what comes from there goes round.",
                pattern=pattern,
            ),
            "pattern",
        )
    return pattern


def is_kept(address: str) -> bool:
    """Whether it is an address that `checked` takes as it is."""
    try:
        return not address.startswith("@") and checked(address) == address
    except Refused:
        return False


def is_accepted(address: str, patterns: Collection[str]) -> bool:
    """Whether the address, or its whole domain, is among them."""
    address = address.strip().lower()
    return address in patterns or f"@{address.rpartition('@')[2]}" in patterns


def is_of_everybody(domain: str) -> bool:
    return site_of(domain).split(".")[0] in SHARED


def _is_domain(domain: str) -> bool:
    return len(domain) <= 253 and bool(_DOMAIN.fullmatch(domain))
