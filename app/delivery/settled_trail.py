"""No end without a line in the trail: what will not leave any more, or waits for a
person, is told there once, whoever or whatever brought it so far.

An act, in the transaction that changes the state. A bounce and an acceptance write
lines of their own, with the words that were said.
"""

import uuid
from collections.abc import Collection, Iterable

from sqlalchemy import insert, select

from app.activity.models import Entry
from app.connectors.models import Connection
from app.db import db
from app.delivery.models import Delivery

NOTED = ("held", "failed", "unknown", "cancelled")
A_BATCH = 500
ADDRESS_CHANGED = "address_changed"  # it waits for a word about the new address


def note_settled(
    ids: Iterable[uuid.UUID],
    *,
    actor_id: uuid.UUID | None = None,
    unasked: Collection[uuid.UUID] = (),
) -> None:
    """A line `delivery_<state>` for each of these that stands in one of NOTED now;
    the others (asked to stop only) are left out. `unasked` waited for a word about the
    new address: when they come again, they wait for it still. The caller commits."""
    wanted = list(ids)
    for first in range(0, len(wanted), A_BATCH):
        _note(wanted[first : first + A_BATCH], actor_id, set(unasked))


def _note(
    ids: list[uuid.UUID], actor_id: uuid.UUID | None, unasked: set[uuid.UUID]
) -> None:
    rows = db.session.execute(
        select(
            *(Delivery.id, Delivery.firm_id, Delivery.company_id),
            *(Delivery.document_id, Delivery.state, Delivery.reason),
            *(Delivery.last_code, Delivery.last_text, Delivery.slot),
            Connection.app_key,
        )
        .join(Connection, Connection.id == Delivery.connection_id)
        .where(Delivery.id.in_(ids), Delivery.state.in_(NOTED))
        .order_by(Delivery.id)
        .execution_options(across_firms=True)
    )
    lines = [
        {
            "firm_id": row.firm_id,
            "company_id": row.company_id,
            "document_id": row.document_id,
            "actor_id": actor_id,
            "verb": f"delivery_{row.state}",
            "is_firm_only": True,
            "details": {
                "delivery": str(row.id),
                "app": row.app_key,
                "slot": row.slot,
                "reason": row.reason,
                "reply": f"{row.last_code or ''} {row.last_text or ''}".strip()[:300],
                **({"was": ADDRESS_CHANGED} if row.id in unasked else {}),
            },
        }
        for row in rows
    ]
    if lines:
        db.session.execute(insert(Entry), lines)
