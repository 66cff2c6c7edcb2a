"""Names and texts compared without accents nor case, in Python and in SQL alike."""

import re
import sqlite3
import unicodedata
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Engine, event, func
from sqlalchemy.orm import InstrumentedAttribute

from app.db import on_sqlite

_LETTERS = "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸŠŽàáâãäåçèéêëìíîïñòóôõöùúûüýÿšž"
_SINGLE = {"’": "'"} | {
    letter: unicodedata.normalize("NFD", letter)[0] for letter in _LETTERS
}
_DOUBLE = {"Œ": "oe", "œ": "oe", "Æ": "ae", "æ": "ae", "ß": "ss"}
_PAIRS = {"oe": "[Œœ]", "ae": "[Ææ]", "ss": "[ßẞ]"}
_WORD = re.compile(r"[^\W_]+")


def plain(text: str) -> str:
    """«Hôtel de l’Œuvre» → «hotel de l'oeuvre», and every other accent gone too."""
    apart = unicodedata.normalize("NFKD", folded(text).casefold())
    return "".join(each for each in apart if not unicodedata.combining(each))


def words(text: str) -> list[str]:
    """The words of a text, each once, as `plain`: «Relevé n° 12_B» → releve n 12 b.

    What only shapes the text (soft hyphens, joiners) is no part of any word.
    """
    whole = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return list(dict.fromkeys(_WORD.findall(plain(whole))))


def looking_for(word: str) -> str:
    """A regular expression for a word of `words` at the start of one in a text that is
    composed (NFC): «oeuvre» finds «Œuvre», «ete» finds «été»."""
    parts, at = [], 0
    while at < len(word):
        pair = word[at : at + 2]
        if pair in _PAIRS:
            parts.append(f"(?:{_PAIRS[pair]}|{_any(pair[0])}{_any(pair[1])})")
            at += 2
        else:
            parts.append(_any(word[at]))
            at += 1
    return r"(?<![^\W_])" + "".join(parts)


def _any(letter: str) -> str:
    alike = "".join(mark for mark, plain in _SINGLE.items() if plain.lower() == letter)
    return f"[{re.escape(letter)}{alike}]" if alike else re.escape(letter)


def folded(text: str) -> str:
    """The same as far as the database can do it too: French letters."""
    text = unicodedata.normalize("NFC", text)
    for mark, plain in (_SINGLE | _DOUBLE).items():
        text = text.replace(mark, plain)
    return text.lower()


def folded_column(column: InstrumentedAttribute[str]) -> ColumnElement[str]:
    """`folded`, of each row."""
    if on_sqlite():
        return func.folded(column)
    marks, plain = "".join(_SINGLE), "".join(_SINGLE.values())
    text: ColumnElement[str] = func.translate(column, marks, plain)
    for mark, letters in _DOUBLE.items():
        text = func.replace(text, mark, letters)
    return func.lower(text)


def has_words(
    column: InstrumentedAttribute[str], words: Iterable[str]
) -> list[ColumnElement[bool]]:
    """Whether a row has each of these, which are folded, somewhere in it."""
    text = folded_column(column)
    return [text.contains(word, autoescape=True) for word in words]


@event.listens_for(Engine, "connect")
def _teach_sqlite(connection: object, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("folded", 1, folded, deterministic=True)
