"""An event as we know it, and the reading of JSON that anybody may have written."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.delivery.correlating import Keys

LONGEST_ID = 255
LONGEST_TEXT = 1000
# What hides, turns or breaks the line that it stands in, or that no database takes.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+"
)

Headers = Mapping[str, str]


@dataclass(frozen=True)
class ProviderEvent:
    """`kind`: delivered, bounced, delayed, complained, subscribe or other.

    `raw` is what was told of this one alone: `events` reads the same out of it again.
    """

    event_id: str
    kind: str
    raw: str
    keys: Keys = field(default_factory=Keys)
    recipient: str = ""
    text: str = ""


def read_json(body: bytes | str) -> Any:
    """None for what is no JSON, or none that can be read."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def written(value: Any) -> str:
    """In ASCII: what no database takes is escaped. Nothing when nested beyond use."""
    try:
        return json.dumps(value, separators=(",", ":"))
    except RecursionError:
        return "null"


def table(value: Any, *path: str) -> dict[str, Any]:
    """The object at the end of the path; an empty one where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[dict[str, Any]]:
    found = value if isinstance(value, list) else []
    return [row for row in found if isinstance(row, dict)]


def text(value: Any, longest: int = LONGEST_TEXT) -> str:
    """On one line; nothing for what is neither text nor a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, int) and abs(value) > 10**30:
        return ""
    return " ".join(_UNSEEN.sub(" ", str(value)).split())[:longest]


def identity(*parts: Any) -> str:
    """What tells one event from all others; nothing when a part of it is missing."""
    words = [text(part, LONGEST_ID) for part in parts]
    return " ".join(words)[:LONGEST_ID] if all(words) else ""


def message_id(value: Any) -> str:
    """Some leave the brackets out."""
    bare = text(value, LONGEST_ID).strip("<>")
    return f"<{bare}>" if bare else ""


def joined(*values: Any) -> str:
    """«550 5.1.1 No such user»: each part once."""
    words: list[str] = []
    for value in map(text, values):
        if value and not any(value in said for said in words):
            words.append(value)
    return " ".join(words)[:LONGEST_TEXT]
