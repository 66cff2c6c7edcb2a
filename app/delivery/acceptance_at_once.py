"""An acceptance in one statement: what `acceptance` says step by step, for PostgreSQL.

Either all of it is written, or nothing.
"""

import time
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    Integer,
    Select,
    String,
    Table,
    Text,
    Uuid,
    bindparam,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)

from app.db import Base, UtcDateTime, new_id, utc_now
from app.delivery.answers import Reply
from app.delivery.claiming import Claim
from app.delivery.models import DONE


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


def _given(name: str, of_type: Any) -> ColumnElement[Any]:
    """No parameter may be called like a column: it would be written into that."""
    return bindparam(f"given_{name}", None, type_=of_type)


deliveries, attempts = _table("deliveries"), _table("delivery_attempts")
documents, connections = _table("documents"), _table("connections")
trail = _table("activity")

_id = _given("delivery", Uuid())
_now = func.now()
_firm = _given("firm", Uuid())
_code, _text = _given("code", Integer()), _given("text", Text())


def _held(table: Table, row_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Its row, before the delivery's: so do the acts of people, and in another order
    each would wait for the other."""
    row = select(table.c.id).where(table.c.id == row_id)
    held = row.with_for_update(key_share=True).cte(f"held_{table.name}")
    return exists(select(held.c.id))


# A bounce that was quicker than we were is the later word.
_news = (
    update(deliveries)
    .where(
        _held(documents, _given("document", Uuid())),
        _held(connections, _given("connection", Uuid())),
        deliveries.c.id == _id,
        deliveries.c.state.not_in((*DONE, "bounced")),
    )
    .values(
        state="accepted",
        reason=None,
        accepted_at=_now,
        settled_at=_now,
        cancel_requested=False,
        owner=None,
        lease_until=None,
        last_code=_code,
        last_text=_text,
        provider_id=_given("id", String()),
    )
    .returning(deliveries.c.id)
    .cte("news")
)
_is_news = exists(select(_news.c.id))
# Unless a person had decided already.
_validated = (
    update(documents)
    .where(
        documents.c.id == _given("document", Uuid()),
        documents.c.status == "received",
        _is_news,
    )
    .values(status="validated", validated_at=_now, validated_by_id=None)
    .returning(documents.c.id)
    .cte("validated")
)
_success = (
    update(connections)
    .where(connections.c.id == _given("connection", Uuid()), _is_news)
    .values(last_success_at=_now)
    .cte("success")
)
_token = _given("token", Integer())
_is_noted = exists(
    select(attempts.c.id).where(
        attempts.c.delivery_id == _id,
        attempts.c.token == _token,
        attempts.c.phase == "done",
    )
)
_attempt: dict[str, ColumnElement[Any]] = {
    "id": _given("attempt", Uuid()),
    "firm_id": _firm,
    "delivery_id": _id,
    "token": _token,
    "owner": _given("owner", String()),
    "started_at": _given("started_at", UtcDateTime()),
    "milliseconds": _given("milliseconds", Integer()),
    "phase": literal("done"),
    "code": _code,
    "enhanced_code": _given("enhanced", String()),
    "text": _text,
    "bytes_sent": _given("bytes_sent", BigInteger()),
}
_noted = (
    insert(attempts)
    .from_select(
        list(_attempt),
        select(*_attempt.values()).where(or_(_is_news, ~_is_noted)),
        include_defaults=False,
    )
    .cte("noted")
)


def _entry(place: int, verb: str, *, firm_only: bool, details: Any) -> Select[Any]:
    return select(
        literal(place, Integer()).label("place"),
        _firm.label("firm_id"),
        _given("company", Uuid()).label("company_id"),
        _given("document", Uuid()).label("document_id"),
        literal(verb, String()).label("verb"),
        literal(firm_only, Boolean()).label("is_firm_only"),
        details.label("details"),
        _given("at", UtcDateTime()).label("at"),
    )


_told = union_all(
    _entry(1, "transmitted", firm_only=True, details=_given("details", JSON())).where(
        _is_news
    ),
    _entry(2, "validated", firm_only=False, details=literal({}, JSON())).where(
        exists(select(_validated.c.id))
    ),
).subquery("told")
_of_entry = [column for column in _told.c if column.name != "place"]
STATEMENT = (
    insert(trail)
    .from_select(
        [column.name for column in _of_entry],
        select(*_of_entry).order_by(_told.c.place),
        include_defaults=False,
    )
    .add_cte(_news, _validated, _success, _noted)
    .returning(trail.c.id)
)


def values_of(
    claim: Claim, reply: Reply, given_id: str | None, details: dict[str, Any]
) -> dict[str, Any]:
    values = {
        "delivery": claim.id,
        "firm": claim.firm_id,
        "company": claim.company_id,
        "document": claim.document_id,
        "connection": claim.connection_id,
        "code": reply.code,
        "text": reply.text,
        "id": given_id,
        "attempt": new_id(),
        "token": claim.token,
        "owner": claim.owner,
        "started_at": claim.started_at,
        "milliseconds": round((time.monotonic() - claim.clock) * 1000),
        "enhanced": reply.enhanced or None,
        "bytes_sent": claim.bytes_sent,
        "details": details,
        "at": utc_now(),
    }
    return {f"given_{name}": value for name, value in values.items()}
