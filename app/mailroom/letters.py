"""A letter read apart: in a process of limited memory and time, with no secrets."""

import tempfile

from app import apart
from app.mailroom.reading import MOST_READ, Letter, from_json

MESSAGE = "message/rfc822"
SECONDS, MEGABYTES = 20, 300


HEAD = 256_000  # bytes that say whom it is from


def read_apart(raw: bytes) -> Letter:
    """That of its headers where the whole breaks its reader, or an empty one: the
    message is kept all the same."""
    return _read(raw[:MOST_READ]) or _read(raw[:HEAD]) or Letter()


def _read(raw: bytes) -> Letter | None:
    with tempfile.TemporaryFile() as source:
        source.write(raw)
        source.seek(0)
        said = apart.ask(
            "letter", source, MESSAGE, seconds=SECONDS, megabytes=MEGABYTES
        )
    try:
        return from_json(said["letter"]) if said else None
    except (KeyError, TypeError, ValueError):
        return None
