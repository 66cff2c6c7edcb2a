"""Whether the sealed trail is what was written: every hash taken again, in order."""

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, select

from app.activity.models import Entry
from app.activity.recording import TOLD, digest, sealed_words
from app.db import db

A_BATCH = 1000


def broken_links(firm_id: uuid.UUID) -> Iterator[str]:
    """Where the firm's chain is not whole: a line that is missing or was changed."""
    before, expected = "", 1
    while entries := _batch(firm_id, expected):
        for entry in entries:
            position = entry.position or 0
            if position != expected:
                yield f"lines {expected} to {position - 1} are missing"
            if digest(before, sealed_words(entry)) != entry.sha256:
                yield f"line {position} is not what was sealed"
            before, expected = entry.sha256 or "", position + 1


def _batch(firm_id: uuid.UUID, first: int) -> Sequence[Row[Any]]:
    """As they are in the database, whatever this session remembers."""
    return db.session.execute(
        select(*TOLD, Entry.sha256)
        .where(Entry.firm_id == firm_id, Entry.position >= first)
        .order_by(Entry.position)
        .limit(A_BATCH)
    ).all()
