"""Locks that order transactions, each until its own ends. On SQLite the write
transaction itself is the lock.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, func, literal, select, text

from app.db import db, on_sqlite, utc_now


def lock_company(
    company_id: uuid.UUID,
    *,
    exclusive: bool = False,
    and_folder: uuid.UUID | None = None,
) -> datetime:
    """Order this transaction among those of the company, until it ends; gives the
    database's time once it is in.

    Arrivals take the shared lock; whatever changes which folders are covered takes the
    exclusive one. `and_folder` keeps other arrivals out of that folder meanwhile. On
    SQLite the write transaction itself is the lock.
    """
    if on_sqlite():
        return utc_now()
    lock = (
        func.pg_advisory_xact_lock if exclusive else func.pg_advisory_xact_lock_shared
    )
    locks = [lock(_lock_key(company_id))]
    if and_folder is not None:
        locks.append(func.pg_advisory_xact_lock(_lock_key(and_folder)))
    now: datetime = db.session.execute(
        select(func.clock_timestamp(), *locks)
    ).scalar_one()
    return now


def lock_companies(company_ids: Iterable[uuid.UUID]) -> None:
    """The exclusive lock of many companies by one statement, in the order of their
    ids: two who want several of the same do not wait for each other."""
    if on_sqlite():
        return
    keys = [_key(company_id) for company_id in sorted(company_ids)]
    lock = text("SELECT pg_advisory_xact_lock(k) FROM unnest(CAST(:k AS bigint[])) k")
    db.session.execute(lock, {"k": keys}).all()


def try_locks(row_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the rows that nobody else has in hand, ours until the transaction ends;
    waits for nobody. On SQLite the write transaction itself is the lock."""
    if on_sqlite():
        return set(row_ids)
    tried = {
        row_id: func.pg_try_advisory_xact_lock(_lock_key(row_id)) for row_id in row_ids
    }
    if not tried:
        return set()
    got = db.session.execute(select(*tried.values())).one()
    return {row_id for row_id, is_ours in zip(tried, got, strict=True) if is_ours}


def lock_bytes(company_id: uuid.UUID, sha256: str) -> None:
    """Those who decide by these bytes in this company take their turns, until the
    transaction ends. On SQLite the write transaction itself is the lock."""
    if not on_sqlite():
        key = _key(company_id) ^ int(sha256[:15], 16)
        db.session.execute(select(func.pg_advisory_xact_lock(literal(key, BigInteger))))


def _lock_key(row_id: uuid.UUID) -> ColumnElement[int]:
    return literal(_key(row_id), BigInteger)


def _key(row_id: uuid.UUID) -> int:
    return row_id.int & 0x7FFF_FFFF_FFFF_FFFF
