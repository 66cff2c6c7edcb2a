"""What people type, or paste, in one line: without what nobody sees of it."""

import unicodedata

# Format characters (Cf) hide or reorder what is read: zero-width, bidi, BOM…
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str) -> str:
    return "".join(c for c in text if unicodedata.category(c) not in _INVISIBLE)


def one_line(text: str) -> str:
    """Composed (NFC), with single spaces."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    return " ".join(visible(line).split())
