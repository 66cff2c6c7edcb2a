"""What people type, or paste, in one line: without what nobody sees of it."""

import re
import unicodedata

_DIGITS = re.compile(r"[0-9]{1,10}")
_MOST = 2**31 - 1  # of an integer in the database
_BLANK = " \t\r\n\N{NO-BREAK SPACE}"
# Format characters (Cf) hide or reorder what is read: zero-width, bidi, BOM…
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str) -> str:
    return "".join(c for c in text if unicodedata.category(c) not in _INVISIBLE)


def one_line(text: str) -> str:
    """Composed (NFC), with single spaces."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    return " ".join(visible(line).split())


def searched(typed: str, most: int) -> str:
    """What a search field asks for. What has nothing but characters that no name holds
    is found nowhere, and shown as U+FFFD; left out, nothing would be asked."""
    line = one_line(typed)[:most].strip()
    return line or ("\N{REPLACEMENT CHARACTER}" if typed.strip(_BLANK) else "")


def whole(text: str | None, usual: int) -> int:
    """The number in ASCII digits that the database can hold; the usual one for anything
    else."""
    number = int(text) if text and _DIGITS.fullmatch(text) else None
    return usual if number is None or number > _MOST else number
