"""Writing the trail, and sealing it into one chain of hashes per firm.

An entry is written with the act it tells of, in its transaction. Sealing comes after,
in order, by whoever runs the automaton: so no deposit waits for another one's.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    Row,
    String,
    bindparam,
    func,
    select,
    text,
    update,
)

from app.activity.models import Entry
from app.alone import alone
from app.db import db, insert_all, on_sqlite, utc_now

A_BATCH = 1000
_together: ContextVar[uuid.UUID | None] = ContextVar("together", default=None)


@contextmanager
def as_one(act_id: uuid.UUID) -> Iterator[None]:
    """What is recorded meanwhile was one act of a person on many things: `details` say
    which, so that it can be taken back as one."""
    before = _together.set(act_id)
    try:
        yield
    finally:
        _together.reset(before)


def record(
    verb: str,
    *,
    firm_id: uuid.UUID,
    company_id: uuid.UUID | None = None,
    document_id: uuid.UUID | None = None,
    actor_id: uuid.UUID | None = None,
    firm_only: bool = False,
    **details: Any,
) -> None:
    """Add a line to the trail; the caller commits."""
    if (together := _together.get()) is not None:
        details["together"] = str(together)
    db.session.add(
        Entry(
            firm_id=firm_id,
            company_id=company_id,
            document_id=document_id,
            actor_id=actor_id,
            verb=verb,
            is_firm_only=firm_only,
            details=details,
        )
    )


def record_all(lines: Iterable[dict[str, Any]]) -> None:
    """The same for many at once, with the columns and the `details` of an Entry: one
    statement."""
    now, together = utc_now(), _together.get()
    of_all = {"together": str(together)} if together else {}
    rows = [
        line | {"is_firm_only": False, "at": now, "details": line["details"] | of_all}
        for line in lines
    ]
    if rows:
        insert_all(Entry, rows)


def seal_everything() -> None:
    """Seal what is not sealed yet, firm by firm; commits."""
    firms = db.session.scalars(
        select(Entry.firm_id).where(Entry.position.is_(None)).distinct()
    ).all()
    db.session.commit()
    for firm_id in firms:
        with alone(f"sealing the trail of firm {firm_id}"):
            while _seal(firm_id) == A_BATCH:
                pass


# What the hash of an entry stands for.
TOLD = (
    *(Entry.position, Entry.firm_id, Entry.company_id, Entry.document_id),
    *(Entry.actor_id, Entry.verb, Entry.is_firm_only, Entry.details, Entry.at),
)
_SEAL = (
    update(Entry)
    .where(Entry.id == bindparam("of"))
    .values(position=bindparam("as"), sha256=bindparam("by"))
)
_seals = (
    func.unnest(
        bindparam("of", type_=ARRAY(BigInteger)),
        bindparam("as", type_=ARRAY(Integer)),
        bindparam("by", type_=ARRAY(String)),
    )
    .table_valued("id", "position", "sha256")
    .render_derived()
)
_SEAL_ALL = (
    update(Entry)
    .where(Entry.id == _seals.c.id)
    .values(position=_seals.c.position, sha256=_seals.c.sha256)
)


def _seal(firm_id: uuid.UUID) -> int:
    _lock(firm_id)
    entries = db.session.execute(
        select(Entry.id, *TOLD)
        .where(Entry.firm_id == firm_id, Entry.position.is_(None))
        .order_by(Entry.id)
        .limit(A_BATCH)
    ).all()
    last = db.session.execute(
        select(Entry.position, Entry.sha256)
        .where(Entry.firm_id == firm_id, Entry.position.is_not(None))
        .order_by(Entry.position.desc())
        .limit(1)
    ).one_or_none()
    before = str(last[1]) if last else ""
    first = int(last[0] or 0) + 1 if last else 1
    sealed = []
    for position, entry in enumerate(entries, first):
        before = digest(before, sealed_words(entry) | {"position": position})
        sealed.append({"of": entry.id, "as": position, "by": before})
    if sealed:
        _keep(sealed)
    db.session.commit()
    return len(entries)


def _keep(sealed: list[dict[str, Any]]) -> None:
    line = db.session.connection()
    if on_sqlite():
        line.execute(_SEAL, sealed)
        return
    names = ("of", "as", "by")
    line.execute(_SEAL_ALL, {name: [one[name] for one in sealed] for name in names})


def digest(before: str, said: dict[str, Any]) -> str:
    """SHA-256 over the hash before it and the words as canonical JSON (RFC 8785)."""
    line = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256((before + line).encode()).hexdigest()


def sealed_words(entry: Entry | Row[Any]) -> dict[str, Any]:
    """All that the hash of an entry stands for."""
    return {
        "position": entry.position,
        "firm": str(entry.firm_id),
        "company": str(entry.company_id) if entry.company_id else None,
        "document": str(entry.document_id) if entry.document_id else None,
        "actor": str(entry.actor_id) if entry.actor_id else None,
        "verb": entry.verb,
        "firm_only": entry.is_firm_only,
        "details": entry.details,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
    }


def _lock(firm_id: uuid.UUID) -> None:
    """One sealer at a time; on SQLite the write transaction is the lock."""
    if not on_sqlite():
        key = func.hashtextextended(text("'activity'"), firm_id.int & 0x7FFF_FFFF)
        db.session.execute(select(func.pg_advisory_xact_lock(key)))
