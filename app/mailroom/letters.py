"""A letter read apart: in a process of limited memory and time, with no secrets."""

import tempfile

from app import apart
from app.mailroom.reading import Letter, from_json

MESSAGE = "message/rfc822"
SECONDS, MEGABYTES = 20, 300


def read_apart(raw: bytes) -> Letter:
    """An empty one where its reader broke: the message is kept all the same."""
    with tempfile.TemporaryFile() as source:
        source.write(raw)
        source.seek(0)
        said = apart.ask(
            "letter", source, MESSAGE, seconds=SECONDS, megabytes=MEGABYTES
        )
    try:
        return from_json(said["letter"]) if said else Letter()
    except (KeyError, TypeError, ValueError):
        return Letter()
