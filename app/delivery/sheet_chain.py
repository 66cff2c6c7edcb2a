"""A document's lines in the firm's sealed trail, with what it takes to seal them again.

Who has the lines and the head may check that none of them was changed since.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.activity.models import Entry
from app.activity.recording import sealed_words
from app.db import db
from app.delivery.sheet_times import told
from app.delivery.sheet_words import verb_text
from app.library.models import Document
from app.people.models import Person


@dataclass(frozen=True)
class TrailLine:
    entry: Entry
    by: str | None
    shown: dict[str, Any]

    @property
    def delivery(self) -> str | None:
        """The delivery that it tells of."""
        return self.entry.details.get("delivery")


def entries(document: Document) -> list[TrailLine]:
    """In the order of their writing; one that is not sealed yet has no position."""
    found = db.session.execute(
        select(Entry, Person.name)
        .outerjoin(Person, Person.id == Entry.actor_id)
        .where(Entry.document_id == document.id)
        .order_by(Entry.id)
    ).all()
    before = _hashes_before([entry for entry, _name in found], document.firm_id)
    return [TrailLine(e, name, _shown(e, name, before)) for e, name in found]


def _shown(entry: Entry, name: str | None, before: dict[int, str]) -> dict[str, Any]:
    is_sealed = entry.position is not None
    return {
        "at": told(entry.at),
        "verb": entry.verb,
        "text": verb_text(entry.verb),
        "by": name,
        "position": entry.position,
        "sha256": entry.sha256,
        "sha256_before": before.get((entry.position or 0) - 1, ""),
        "sealed": sealed_words(entry) if is_sealed else None,
    }


def _hashes_before(entries: list[Entry], firm_id: uuid.UUID) -> dict[int, str]:
    wanted = [entry.position - 1 for entry in entries if entry.position]
    rows = db.session.execute(
        select(Entry.position, Entry.sha256).where(
            Entry.firm_id == firm_id, Entry.position.in_(wanted)
        )
    )
    return {int(position or 0): sha256 or "" for position, sha256 in rows}


def head(firm_id: uuid.UUID) -> dict[str, Any] | None:
    """The newest line of the firm's chain; None when nothing is sealed yet."""
    newest = db.session.execute(
        select(Entry.position, Entry.sha256, Entry.at)
        .where(Entry.firm_id == firm_id, Entry.position.is_not(None))
        .order_by(Entry.position.desc())
        .limit(1)
    ).one_or_none()
    if newest is None:
        return None
    return {
        "position": newest.position,
        "sha256": newest.sha256,
        "at": told(newest.at),
    }
