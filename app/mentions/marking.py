"""«@Prénom Nom» in a text: whom it calls, and where it stands."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.people.models import Person


@dataclass(frozen=True)
class Piece:
    """Of a text; `is_call` for «@» and the name behind it."""

    text: str
    is_call: bool = False


def called(body: str, people: Iterable[Person]) -> list[Person]:
    """Those whose whole name stands behind an «@». Of a name within a longer one, the
    longer is meant; namesakes are all called, for nobody is to be missed."""
    people = list(people)
    pattern = _pattern(person.name for person in people)
    if pattern is None:
        return []
    names = {_key(match[1]) for match in pattern.finditer(body)}
    return [person for person in people if _key(person.name) in names]


def pieces(body: str, names: Iterable[str]) -> list[Piece]:
    """The text, cut where one of these is called."""
    pattern = _pattern(names)
    if pattern is None:
        return [Piece(body)]
    found, at = [], 0
    for match in pattern.finditer(body):
        found += [Piece(body[at : match.start()]), Piece(match[0], is_call=True)]
        at = match.end()
    found.append(Piece(body[at:]))
    return [piece for piece in found if piece.text]


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted(set(names), key=len, reverse=True)
    if not longest_first:
        return None
    spelt = "|".join(_spelt(name) for name in longest_first)
    return re.compile(rf"(?<![\w@])@({spelt})(?!\w)", re.IGNORECASE)


def _spelt(name: str) -> str:
    return r"\s+".join(re.escape(word) for word in name.split())


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
