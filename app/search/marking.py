"""What was looked for, marked in what was found: pieces of text, for a template."""

import re

from app.folding import looking_for

Pieces = list[tuple[str, bool]]  # text, and whether it was looked for
AROUND = 70  # letters before and after the first hit


def pattern(words: list[str]) -> re.Pattern[str] | None:
    """The longest first, so that none is cut short by another."""
    longest = sorted(words, key=len, reverse=True)
    found = "|".join(looking_for(word) for word in longest)
    return re.compile(found, re.IGNORECASE) if found else None


def marked(text: str, wanted: re.Pattern[str] | None) -> Pieces:
    pieces: Pieces = []
    at = 0
    for hit in wanted.finditer(text) if wanted else ():
        pieces += [(text[at : hit.start()], False), (hit[0], True)]
        at = hit.end()
    pieces.append((text[at:], False))
    return [piece for piece in pieces if piece[0]]


def excerpt(text: str, wanted: re.Pattern[str] | None) -> Pieces:
    """Some words around the first hit; nothing when there is none."""
    hit = wanted.search(text) if wanted else None
    if hit is None:
        return []
    start = _at_a_space(text, hit.start() - AROUND)
    end = _at_a_space(text, hit.end() + AROUND)
    before, after = "… " if start else "", " …" if end < len(text) else ""
    return marked(before + text[start:end].strip() + after, wanted)


def has_all(text: str, words: list[str]) -> bool:
    return all(re.search(looking_for(word), text, re.IGNORECASE) for word in words)


def _at_a_space(text: str, at: int) -> int:
    if at <= 0 or at >= len(text):
        return min(max(at, 0), len(text))
    space = text.find(" ", at, at + 20)
    return space if space >= 0 else at
