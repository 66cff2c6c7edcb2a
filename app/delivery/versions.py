"""What becomes of deliveries when their document gets a new version.

Nothing of the old one is out: the new one leaves in its place, also where the old one
failed, or was called off because the firm refused it, while its folder is still on.
Something may be out: what was begun goes on as it was, and the new version leaves by
hand only.
"""

from sqlalchemy import select

from app.connectors.models import FolderSwitch
from app.db import database_now, db, new_id
from app.delivery.message import encoded_size
from app.delivery.models import WAITING, Delivery
from app.delivery.planning import effective_switches, hold_reason, make_delivery
from app.delivery.unasked import hold_unasked
from app.library.models import Document, Version


def send_in_place(document: Document, version: Version) -> None:
    """The document's row and the company's lock are taken; flushed."""
    rows = db.session.scalars(
        select(Delivery)
        .where(Delivery.document_id == document.id)
        .order_by(Delivery.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    newest = {(row.connection_id, row.slot): row for row in rows}
    on = {s.key: s.switch for s in effective_switches(document.folder_id) if s.is_on}
    for key, row in newest.items():
        if row.ambiguous:
            continue  # a copy of the old one may be out
        if row.state in (*WAITING, "held"):
            point_to(row, document, version)
        elif row.state == "sending" and _is_stopped_for_good(row):
            continue  # as what waits and is called off for that
        elif row.state == "sending":
            row.cancel_requested, row.reason = True, "replaced"
            _beside(row, document, version)
        elif row.state == "failed" and row.switch_id is None:
            _beside(row, document, version)  # a person asked for it, wherever it lies
        elif key in on and _has_not_left(row):
            _beside(row, document, version).switch_id = on[key].id
    db.session.flush()


def _is_stopped_for_good(row: Delivery) -> bool:
    """It was asked to stop for what a new version does not mend: it was moved out, or
    the folder switched off."""
    return row.cancel_requested and row.reason not in {"rejected", "replaced"}


def _has_not_left(row: Delivery) -> bool:
    """It failed, or was called off by the refusal of what it was to bring; it had been
    due by itself, and the period that made it so is not over."""
    is_called_off = (row.state, row.reason) == ("cancelled", "rejected")
    if not (is_called_off or row.state == "failed") or row.switch_id is None:
        return False
    return db.session.get_one(FolderSwitch, row.switch_id).closed_at is None


def point_to(row: Delivery, document: Document, version: Version) -> None:
    """What a person has to decide (the address changed…) stays theirs."""
    reason = hold_reason(version, row.connection, row.slot)
    if row.state != "held" or row.reason not in {"address_changed"}:
        row.state, row.reason = ("held", reason) if reason else ("pending", None)
        row.not_before, row.attempts = database_now(), 0
    domain = row.message_id.rpartition("@")[2]
    row.message_id = f"<{row.id}.{version.number}@{domain}"
    row.version_id, row.sha256 = version.id, version.sha256
    row.encoded_size, row.file_name = encoded_size(version.size), document.name
    row.rendition_id = None


def _beside(row: Delivery, document: Document, version: Version) -> Delivery:
    """A delivery of its own, of the same period, in place of one that is given up."""
    made = make_delivery(document, version, row.connection, row.slot, database_now())
    made.id = made.id or new_id()
    made.arrival_id, made.switch_id = row.arrival_id, row.switch_id
    made.retry_of_id = row.id
    hold_unasked([(made, row)])
    db.session.add(made)
    return made
