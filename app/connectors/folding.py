"""Names compared without accents nor case, in Python and in SQL alike."""

import sqlite3
import unicodedata

from sqlalchemy import ColumnElement, Engine, event, func
from sqlalchemy.orm import InstrumentedAttribute

from app.db import db

_LETTERS = "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸŠŽàáâãäåçèéêëìíîïñòóôõöùúûüýÿšž"
_SINGLE = {"’": "'"} | {
    letter: unicodedata.normalize("NFD", letter)[0] for letter in _LETTERS
}
_DOUBLE = {"Œ": "oe", "œ": "oe", "Æ": "ae", "æ": "ae", "ß": "ss"}


def plain(text: str) -> str:
    """«Hôtel de l’Œuvre» → «hotel de l'oeuvre», and every other accent gone too."""
    apart = unicodedata.normalize("NFKD", folded(text).casefold())
    return "".join(each for each in apart if not unicodedata.combining(each))


def folded(text: str) -> str:
    """The same as far as the database can do it too: French letters."""
    text = unicodedata.normalize("NFC", text)
    for mark, plain in (_SINGLE | _DOUBLE).items():
        text = text.replace(mark, plain)
    return text.lower()


def folded_column(column: InstrumentedAttribute[str]) -> ColumnElement[str]:
    """`folded`, of each row."""
    if db.session.get_bind().dialect.name == "sqlite":
        return func.folded(column)
    marks, plain = "".join(_SINGLE), "".join(_SINGLE.values())
    text: ColumnElement[str] = func.translate(column, marks, plain)
    for mark, letters in _DOUBLE.items():
        text = func.replace(text, mark, letters)
    return func.lower(text)


@event.listens_for(Engine, "connect")
def _teach_sqlite(connection: object, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("folded", 1, folded, deterministic=True)
