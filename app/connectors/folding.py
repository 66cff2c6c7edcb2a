"""Names compared without accents nor case, in Python and in SQL alike."""

import unicodedata

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import InstrumentedAttribute

from app.db import db

_LETTERS = "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸŠŽàáâãäåçèéêëìíîïñòóôõöùúûüýÿšž"
_SINGLE = {"’": "'"} | {
    letter: unicodedata.normalize("NFD", letter)[0] for letter in _LETTERS
}
_DOUBLE = {"Œ": "oe", "œ": "oe", "Æ": "ae", "æ": "ae", "ß": "ss"}


def folded(text: str) -> str:
    """«Hôtel de l’Œuvre» → «hotel de l'oeuvre»."""
    for mark, plain in (_SINGLE | _DOUBLE).items():
        text = text.replace(mark, plain)
    return text.lower()


def folded_column(column: InstrumentedAttribute[str]) -> ColumnElement[str]:
    """The same of each row. SQLite knows no `translate`: one letter at a time."""
    text: ColumnElement[str] = column.expression
    one_by_one = _SINGLE | _DOUBLE
    if db.session.get_bind().dialect.name != "sqlite":
        one_by_one = _DOUBLE
        text = func.translate(text, "".join(_SINGLE), "".join(_SINGLE.values()))
    for mark, plain in one_by_one.items():
        text = func.replace(text, mark, plain)
    return func.lower(text)
