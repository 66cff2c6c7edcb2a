"""Names as typed, made safe to show, store, mail and download.

Kept: letters of every script, spaces, dots, colons. Removed: path parts, control,
bidirectional and invisible characters. Composed to NFC, at most 255 characters.
"""

import re
import unicodedata

from app.typed import visible

LONGEST = 255
# Of lines, to one reader or another.
_ENDS = "\r\n\v\f\x1c-\x1e\x85\u2028\u2029"


def clean_name(raw: str | None, fallback: str) -> str:
    """What the file is called here; `fallback` where nothing readable is left."""
    return shortened(whole_name(raw, fallback))


def whole_name(raw: str | None, fallback: str) -> str:
    """The same, however long it is."""
    typed = unicodedata.normalize("NFC", raw or "")
    # What follows a whole name in lines of its own is somebody's header, not a name.
    line = re.match(rf"[^{_ENDS}]*\.[A-Za-z]\w{{1,4}}(?=[{_ENDS}])", typed)
    last = re.split(r"[/\\]", line[0] if line else typed)[-1]
    name = re.sub(r"\s+", " ", visible(last)).strip().rstrip(". ")
    stem, extension = split_extension(name)
    if not stem.strip("."):
        name = fallback + extension
    return name


def split_extension(name: str) -> tuple[str, str]:
    """(«Avis 04.04.2024», «.pdf»): the last dot, when a short ending follows it."""
    match = re.fullmatch(r"(.*)(\.\w{1,8})", name, re.DOTALL)
    return (match[1], match[2]) if match else (name, "")


def shortened(name: str, longest: int = LONGEST) -> str:
    """At most `longest` characters, the extension kept."""
    if len(name) <= longest:
        return name
    stem, extension = split_extension(name)
    return stem[: longest - len(extension) - 1].rstrip() + "…" + extension


def numbered_like(name: str) -> str:
    """What the name and all its numbered namesakes begin with."""
    stem, extension = split_extension(name)
    return stem[: LONGEST - len(extension) - len(" (999999)")]


def free_name(name: str, taken: set[str]) -> str:
    """The name itself, or «facture (2).pdf» beside one that is called so."""
    if name not in taken:
        return name
    stem, extension = split_extension(name)
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        ending = f" ({number}){extension}"
        candidate = stem[: LONGEST - len(ending)] + ending
    return candidate
