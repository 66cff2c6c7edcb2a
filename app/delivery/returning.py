"""When a version that was there before comes into a folder again: moved, or restored.

What was delivered never leaves twice by itself, and what still waits is not doubled.
"""

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import select

from app.connectors.models import FolderSwitch
from app.db import among, db
from app.delivery.models import LEASED, WAITING, Delivery
from app.delivery.repeats import is_no_needless_one
from app.library.models import Document, Version

CARRIED = (*WAITING, *LEASED, "held")


def may_be_due(
    version_ids: Collection[uuid.UUID], keys: Collection[tuple[uuid.UUID, str]]
) -> set[uuid.UUID]:
    """Those that a move in is to look at: to one of these connections and slots they
    were never to be sent, or wait, or were called off. What has been sent stays so."""
    newest: dict[tuple[uuid.UUID, uuid.UUID, str], str] = {}
    found = db.session.execute(
        select(
            *(Delivery.version_id, Delivery.connection_id, Delivery.slot),
            Delivery.state,
        )
        .where(among(Delivery.version_id, version_ids), is_no_needless_one())
        .order_by(Delivery.id)
    )
    for version_id, connection_id, slot, state in found:
        newest[version_id, connection_id, slot] = state
    looked_at = {None, *CARRIED, "cancelled"}
    return {
        one
        for one in version_ids
        if any(newest.get((one, *key)) in looked_at for key in keys)
    }


def earlier_deliveries(
    versions: Sequence[Version],
) -> dict[tuple[uuid.UUID, uuid.UUID, str], Delivery]:
    """By version, connection and slot: the newest delivery, save copies that were
    called off since it had arrived.

    The documents' rows are locked: of two moves at once, the second sees the first's.
    """
    db.session.execute(
        select(Document.id)
        .where(among(Document.id, [version.document_id for version in versions]))
        .order_by(Document.id)
        .with_for_update(key_share=True)
    )
    found = db.session.scalars(
        select(Delivery)
        .where(
            among(Delivery.version_id, [version.id for version in versions]),
            is_no_needless_one(),
        )
        .order_by(Delivery.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {(row.version_id, row.connection_id, row.slot): row for row in found}


def is_due_again(before: Delivery | None, kind: str, switch: FolderSwitch) -> bool:
    """Whether it needs a delivery of its own; one that waits is carried over."""
    if before is None:
        return kind != "restore"
    if before.state in CARRIED:
        if kind != "restore" or before.switch_id == switch.id:
            _call_back(before)
        before.switch_id = switch.id
        return False
    if kind == "restore":
        was_trashed = before.state == "cancelled" and before.reason == "trashed"
        return was_trashed and before.switch_id == switch.id
    return before.state == "cancelled"


def _call_back(before: Delivery) -> None:
    """It was asked to stop when it went; it is here again before the final dot."""
    if before.cancel_requested and before.reason in {"trashed", "moved_out"}:
        before.cancel_requested, before.reason = False, None
