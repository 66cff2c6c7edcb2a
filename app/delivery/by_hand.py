"""«Transmettre» and «Renvoyer»: a person of the firm sends a document by hand.

An act; the caller commits. What is on its way or arrived is not sent a second time.
"""

from app.activity.recording import record
from app.connectors.models import Connection
from app.db import database_now, db, lock_company
from app.delivery.models import DONE, LEASED, WAITING, Delivery
from app.delivery.planning import make_delivery
from app.delivery.returning import earlier_deliveries
from app.library.models import Document, Version
from app.people.models import Person


def transmit(
    document: Document,
    version: Version,
    connection: Connection,
    slot: str,
    *,
    by: Person | None,
) -> Delivery:
    """A new delivery, whatever the switches say; flushed.

    Gives the one there is when that waits, is under way or arrived. After a failure,
    a bounce, a doubt or a cancellation the new one tells which it follows.
    """
    lock_company(document.company_id, exclusive=True)
    before = earlier_deliveries(version).get((connection.id, slot))
    if before is not None and before.state in (*WAITING, *LEASED, *DONE):
        return before
    made = make_delivery(document, version, connection, slot, database_now())
    if before is not None:
        made.retry_of_id, made.arrival_id = before.id, before.arrival_id
        if before.state == "held":
            before.state, before.reason = "cancelled", "by_user"
            before.settled_at = made.not_before
    db.session.add(made)
    db.session.flush()
    record(
        "transmit_asked",
        firm_id=document.firm_id,
        company_id=document.company_id,
        document_id=document.id,
        actor_id=by.id if by else None,
        firm_only=True,
        delivery=str(made.id),
        app=connection.app_key,
        slot=slot,
    )
    return made
