"""What is written when a delivery comes to something: one transaction each.

A 250 is a fact and is recorded whoever holds the lease; everything else is written
only by the holder of the newest token.
"""

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import DBAPIError

from app.activity.recording import record
from app.connectors.models import Connection, FolderSwitch
from app.db import database_now, db, utc_now
from app.delivery.claiming import LEASE, changed
from app.delivery.models import LEASED, Attempt, Delivery
from app.delivery.retries import is_over, next_try
from app.delivery.transport import Reply
from app.library.models import Document

log = logging.getLogger(__name__)
RETRY_COMMIT_SECONDS = 90


@dataclass
class Try:
    """One attempt under way, for its line in the record."""

    delivery: Delivery
    owner: str
    started_at: datetime = field(default_factory=utc_now)
    clock: float = field(default_factory=time.monotonic)
    bytes_sent: int = 0

    def attempt(self, phase: str, reply: Reply | None) -> Attempt:
        return Attempt(
            firm_id=self.delivery.firm_id,
            delivery_id=self.delivery.id,
            token=self.delivery.token,
            owner=self.owner,
            started_at=self.started_at,
            milliseconds=round((time.monotonic() - self.clock) * 1000),
            phase=phase,
            code=reply.code if reply else None,
            enhanced_code=reply.enhanced[:12] if reply else None,
            text=reply.text if reply else "",
            bytes_sent=self.bytes_sent,
        )


def mark(delivery: Delivery) -> bool:
    """T4: about to send the final dot. False when that is no longer to be done."""
    now = database_now()
    switch_is_open = (
        select(FolderSwitch.id)
        .where(FolderSwitch.id == Delivery.switch_id, FolderSwitch.closed_at.is_(None))
        .exists()
    )
    is_connected = (
        select(Connection.id)
        .where(
            Connection.id == Delivery.connection_id,
            Connection.revoked_at.is_(None),
            Connection.refused_at.is_(None),
        )
        .exists()
    )
    is_there = (
        select(Document.id)
        .where(Document.id == Delivery.document_id, Document.trashed_at.is_(None))
        .exists()
    )
    marked = db.session.execute(
        update(Delivery)
        .where(
            *_held(delivery, "sending"),
            Delivery.cancel_requested.is_(False),
            is_connected,
            is_there,
            Delivery.switch_id.is_(None) | switch_is_open,
        )
        .values(state="in_doubt", lease_until=now + FINAL_LEASE)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return changed(marked) == 1


FINAL_LEASE = LEASE * 6


def renew(delivery: Delivery) -> None:
    """A long message is still on its way."""
    db.session.execute(
        update(Delivery)
        .where(*_held(delivery, "sending"))
        .values(lease_until=database_now() + LEASE)
    )
    db.session.commit()


def accepted(one: Try, reply: Reply) -> None:
    """T5: recorded whatever the token says, and tried again should the commit fail."""
    until = time.monotonic() + RETRY_COMMIT_SECONDS
    while True:
        try:
            _accepted(one, reply)
            return
        except DBAPIError:
            db.session.rollback()
            db.session.remove()
            if time.monotonic() > until:
                raise
            log.warning("an acceptance could not be recorded, trying again")
            time.sleep(1)


def _accepted(one: Try, reply: Reply) -> None:
    delivery, now = one.delivery, database_now()
    fresh = db.session.execute(
        update(Delivery)
        .where(
            Delivery.id == delivery.id, Delivery.state.not_in(("accepted", "delivered"))
        )
        .values(
            state="accepted",
            reason=None,
            accepted_at=now,
            settled_at=now,
            owner=None,
            lease_until=None,
            last_code=reply.code,
            last_text=reply.text,
        )
        .execution_options(synchronize_session=False)
    )
    db.session.add(one.attempt("done", reply))
    if changed(fresh) == 1:
        _validate(delivery, reply, now)
    db.session.commit()


def _validate(delivery: Delivery, reply: Reply, now: datetime) -> None:
    """The document is validated by it, unless a person had decided already."""
    validated = db.session.execute(
        update(Document)
        .where(Document.id == delivery.document_id, Document.status == "received")
        .values(status="validated", validated_at=now)
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        update(Connection)
        .where(Connection.id == delivery.connection_id)
        .values(last_success_at=now)
        .execution_options(synchronize_session=False)
    )
    common: dict[str, Any] = {
        "firm_id": delivery.firm_id,
        "company_id": delivery.company_id,
        "document_id": delivery.document_id,
    }
    record(
        "transmitted",
        **common,
        firm_only=True,
        delivery=str(delivery.id),
        destination=delivery.destination,
        message_id=delivery.message_id,
        reply=reply.text[:300],
        sha256=delivery.sha256,
    )
    if changed(validated) == 1:
        record("validated", **common)


def put_back(one: Try, phase: str, reply: Reply | None) -> None:
    """Nothing happened to this message: it waits for the next run, uncharged."""
    _settle(one, phase, reply, state="pending", attempts=Delivery.attempts - 1)


def deferred(one: Try, phase: str, reply: Reply | None) -> str:
    """A temporary failure: later, or given up after five days."""
    now = database_now()
    if is_over(now, one.delivery.created_at):
        return failed(one, phase, reply, "expired")
    _settle(
        one,
        phase,
        reply,
        state="deferred",
        not_before=next_try(now, one.delivery.attempts),
    )
    return "deferred"


def failed(one: Try, phase: str, reply: Reply | None, reason: str) -> str:
    _settle(one, phase, reply, state="failed", reason=reason, settled_at=database_now())
    return "failed"


def held(one: Try, phase: str, reply: Reply | None, reason: str) -> str:
    _settle(one, phase, reply, state="held", reason=reason)
    return "held"


def doubtful(one: Try) -> str:
    """A repeat would go to another address than the first: a person has to look."""
    _settle(one, "connect", None, state="unknown", reason="ambiguous")
    return "unknown"


def cancelled(one: Try, reason: str) -> str:
    _settle(
        one,
        "body",
        None,
        state="cancelled",
        reason=reason,
        cancel_requested=False,
        settled_at=database_now(),
    )
    return "cancelled"


def address_refused(one: Try, phase: str, reply: Reply) -> str:
    """The address or the sender is wrong: the whole connection waits for a person."""
    db.session.execute(
        update(Connection)
        .where(Connection.id == one.delivery.connection_id)
        .values(refused_at=database_now(), refusal=f"{reply.code} {reply.text}"[:500])
    )
    record(
        "connection_refused",
        firm_id=one.delivery.firm_id,
        company_id=one.delivery.company_id,
        firm_only=True,
        reply=f"{reply.code} {reply.text}"[:300],
        destination=one.delivery.destination,
    )
    return held(one, phase, reply, "refused")


def unanswered(one: Try, text: str) -> None:
    """The dot left, no answer: the lease runs out and `reap` settles the doubt."""
    reply = Reply("dot", 0, text)
    db.session.add(one.attempt("dot", reply))
    db.session.execute(
        update(Delivery)
        .where(*_held(one.delivery, "in_doubt"))
        .values(last_code=None, last_text=text, lease_until=database_now())
    )
    db.session.commit()


def _settle(one: Try, phase: str, reply: Reply | None, **values: object) -> None:
    """T3, T6, T7: only the holder of the newest token may; commits."""
    if reply is not None:
        values |= {"last_code": reply.code or None, "last_text": reply.text}
    db.session.add(one.attempt(phase, reply))
    db.session.execute(
        update(Delivery)
        .where(
            Delivery.id == one.delivery.id,
            Delivery.token == one.delivery.token,
            Delivery.state.in_(LEASED),
        )
        .values(owner=None, lease_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def _held(delivery: Delivery, state: str) -> tuple[ColumnElement[bool], ...]:
    return (
        Delivery.id == delivery.id,
        Delivery.state == state,
        Delivery.token == delivery.token,
    )
