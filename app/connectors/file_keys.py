"""The keys of a catalogue file: what each one may be. Told in docs/connectors.md."""

import math
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from app.connectors.categories import ICONS
from app.connectors.partner import TONES, TYPE_NAMES, USUAL_MEGABYTES, USUAL_TYPES
from app.library.template_nodes import KINDS

# Words of addresses under /apps, and the beginning of a firm's own applications.
RESERVED_KEYS = ("new", "connections", "mail", "import")
OWN = "own-"
# Names before the separator that lead elsewhere: collection addresses, the platform's.
TAKEN_PREFIXES = (
    *("compta", "ventes", "banque", "social", "ndf", "fiscal", "achats"),
    *("postmaster", "abuse", "bounce", "bounces", "noreply", "envois"),
)
FOLDER_KINDS = set(KINDS)
DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
PREFIX = re.compile(r"[a-z0-9]{1,20}")
_NO_DEFAULT = object()

# Gives what is wrong with the value, or nothing.
Check = Callable[[Any], str]


@dataclass(frozen=True)
class Key:
    fault: Check
    default: Any = _NO_DEFAULT

    @property
    def is_needed(self) -> bool:
        return self.default is _NO_DEFAULT


def _text(longest: int) -> Check:
    def fault(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            return f"a text is needed, not {value!r}"
        return f"{longest} letters at most" if len(value) > longest else ""

    return fault


def _matching(pattern: str, told: str) -> Check:
    def fault(value: Any) -> str:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return ""
        return f"{told}, not {value!r}"

    return fault


def _one_of(allowed: Collection[str]) -> Check:
    def fault(value: Any) -> str:
        if isinstance(value, str) and value in allowed:
            return ""
        return f"{value!r} is unknown; there are: {', '.join(sorted(allowed))}"

    return fault


def _some_of(allowed: Collection[str]) -> Check:
    def fault(value: Any) -> str:
        if not isinstance(value, list):
            return f"a list is needed, not {value!r}"
        faults = (_one_of(allowed)(each) for each in value)
        twice = any(value.count(each) > 1 for each in value)
        return next(filter(None, faults), "one is there twice" if twice else "")

    return fault


def _flag(value: Any) -> str:
    return "" if isinstance(value, bool) else f"true or false, not {value!r}"


def _list(value: Any) -> str:
    return "" if isinstance(value, list) else f"a list is needed, not {value!r}"


def _megabytes(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and math.isfinite(value) and value > 0:
        return ""
    return f"a number above 0 is needed, not {value!r}"


def _count(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return ""
    return f"a whole number above 0 is needed, not {value!r}"


def _app_key(value: Any) -> str:
    told = "small letters and digits, words joined by -, 40 at most"
    why = _matching(r"(?=.{1,40}$)[a-z0-9]+(-[a-z0-9]+)*", told)(value)
    if not why and (value.startswith(OWN) or value in RESERVED_KEYS):
        return f"{value!r} is reserved"
    return why


def _prefix(value: Any) -> str:
    told = "small letters and digits, 20 at most"
    why = _matching(PREFIX.pattern, told)(value)
    if not why and value in TAKEN_PREFIXES:
        return f"{value!r} is reserved: such addresses lead elsewhere"
    return why


_SHORT = _matching(r"[a-z0-9_-]{1,20}", "small letters, digits, - and _, 20 at most")

SLOT = {
    "key": Key(_SHORT),
    "name": Key(_text(40)),
    "folder_kinds": Key(_some_of(FOLDER_KINDS)),
    "usual_domain": Key(_matching(DOMAIN.pattern, "a domain in small letters"), ""),
    "usual_name": Key(
        _matching(
            r"|[a-z0-9._+-]*\{company\}[a-z0-9._+-]*",
            "what comes before the @ with {company} in it, or an empty text",
        ),
        "{company}",
    ),
}
STEP = {
    "key": Key(_SHORT),
    "title": Key(_text(120)),
    "text": Key(_text(500)),
    "copy": Key(_one_of(("bot", "destination")), ""),
}
APP = {
    "key": Key(_app_key),
    "name": Key(_text(80)),
    "short_name": Key(_text(30)),
    "monogram": Key(_matching(r"[a-z0-9@]{1,2}", "one or two small letters")),
    "tone": Key(_one_of(TONES)),
    "category": Key(_one_of(ICONS)),
    "summary": Key(_text(120)),
    "bot_prefix": Key(_prefix),
    "slots": Key(_list),
    "bot_owner": Key(_one_of(("company", "firm")), "company"),
    "bot_is_plain": Key(_flag, False),
    "sender_known_by": Key(_one_of(("from", "envelope")), "from"),
    "envelope": Key(_one_of(("bot", "verp")), "bot"),
    "types": Key(_some_of(TYPE_NAMES), USUAL_TYPES),
    "max_megabytes": Key(_megabytes, USUAL_MEGABYTES),
    "max_image_megabytes": Key(_megabytes, None),
    "daily_ceiling": Key(_count, None),
    "demo_url": Key(
        _matching(rf"https://{DOMAIN.pattern}([/?#]\S*)?", "an address https://…"), ""
    ),
    "steps": Key(_list, ()),
}
