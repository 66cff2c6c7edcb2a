"""Text that was read from a file, made fit to keep and to show."""

import re
import unicodedata

MOST_TEXT = 100_000  # letters: some thirty pages
# The end of a line in the middle of a word, as PDFs and their reader mark it.
_BROKEN = re.compile("[\u00ad\ufffe\x02]\\s*")
_KEPT_SPACES = set("\n\r\t\f")


def cleaned(text: str) -> str:
    """What a column can hold and a person can read, composed, words made whole."""
    text = unicodedata.normalize("NFC", _BROKEN.sub("", text))
    kept = (c for c in text if c in _KEPT_SPACES or unicodedata.category(c)[0] != "C")
    return re.sub(r"\s+", " ", "".join(kept)).strip()[:MOST_TEXT]
