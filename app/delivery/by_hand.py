"""«Transmettre» and «Renvoyer»: a person of the firm sends a document by hand.

An act; the caller commits. What is on its way or arrived is not sent a second time.
"""

from sqlalchemy import select, update

from app.companies.models import Company
from app.connectors import apps
from app.connectors.models import Connection
from app.db import database_now, db
from app.delivery.models import BLOCKED, DONE, LEASED, WAITING, Delivery
from app.delivery.needing import is_followed
from app.delivery.noting import note
from app.delivery.planning import hold_reason, make_delivery
from app.delivery.repeats import call_off_repeats
from app.delivery.returning import earlier_deliveries
from app.delivery.settled_trail import note_settled
from app.errors import Refused
from app.library.models import Document, Version
from app.library.taking import current_version, take
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _

ON_ITS_WAY = (*WAITING, *LEASED, *DONE)  # or there
DUPLICATE = "duplicate_review"
BY_HAND = "by_hand"  # the reason of what is delivered because a person says so
RELEASABLE = (DUPLICATE, "damaged", "encrypted", "oversized")


def transmit_current(
    document: Document, connection: Connection, slot: str, *, by: Person | None
) -> Delivery:
    """`transmit`, of the version that the document has by the time that it is our turn.
    Raises Refused when it is not to leave: refused by the firm or in the trash."""
    lock_company(document.company_id, exclusive=True)
    take(document)
    if document.status == "rejected":
        raise Refused(_("The firm refused this document: take that back first."))
    return transmit(document, current_version(document), connection, slot, by=by)


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
    before = earlier_deliveries([version]).get((version.id, connection.id, slot))
    if before is not None and before.state in ON_ITS_WAY:
        return before
    return _made(document, version, connection, slot, by=by, before=before)


def _made(
    document: Document,
    version: Version,
    connection: Connection,
    slot: str,
    *,
    by: Person | None,
    before: Delivery | None,
) -> Delivery:
    made = make_delivery(document, version, connection, slot, database_now())
    if before is not None:
        made.retry_of_id, made.arrival_id = before.id, before.arrival_id
        if before.state == "held":
            before.state, before.reason = "cancelled", "by_user"
            before.settled_at = made.not_before
            note_settled([before.id], actor_id=by.id if by else None)
    db.session.add(made)
    db.session.flush()
    note("transmit_asked", made, by=by, app=connection.app_key, slot=slot)
    if made.state == "held":
        note_settled([made.id], actor_id=by.id if by else None)
    return made


def resend(delivery: Delivery, *, by: Person | None) -> Delivery | None:
    """«Renvoyer»: a new delivery, of the version that the document has now.

    None when that is on its way, arrived or is held, and when the document is not to
    leave: refused by the firm, in the trash, or of a company that is archived.
    """
    lock_company(delivery.company_id, exclusive=True)
    document = db.session.get_one(
        Document,
        delivery.document_id,
        populate_existing=True,
        with_for_update={"key_share": True},
    )
    if document.is_kept_back or _is_only_read(delivery):
        return None
    version = current_version(document)
    connection = db.session.get_one(Connection, delivery.connection_id)
    key = (version.id, connection.id, delivery.slot)
    before = earlier_deliveries([version]).get(key, delivery)
    if before.state in (*ON_ITS_WAY, "held"):
        return None
    return _made(document, version, connection, delivery.slot, by=by, before=before)


def _is_only_read(delivery: Delivery) -> bool:
    """The company's lock is taken: it is neither archived nor opened meanwhile."""
    archived_at = select(Company.archived_at).where(Company.id == delivery.company_id)
    return db.session.scalar(archived_at) is not None


def may_release(delivery: Delivery, version: Version) -> bool:
    """Whether it is held for what a person can judge better than we.

    A picture that no reader can open cannot be converted, whoever says so.
    """
    if delivery.state != "held" or delivery.reason not in RELEASABLE:
        return False
    app = apps.find(delivery.connection.app_key)
    leaves_as = app.sent_as(version.content_type) if app else None
    return delivery.reason == DUPLICATE or leaves_as == version.content_type


def release(delivery: Delivery, *, by: Person | None) -> str | None:
    """«Envoyer quand même»: T12, what was held for its file leaves as it is.

    It stays held when its connection keeps it from leaving, for that reason then.
    Gives the state that it came to; None when its own forbids it.
    """
    lock_company(delivery.company_id, exclusive=True)
    version = db.session.get_one(Version, delivery.version_id)
    connection = db.session.get_one(Connection, delivery.connection_id)
    if not may_release(delivery, version) or _is_only_read(delivery):
        return None
    why = hold_reason(version, connection, delivery.slot, is_looked_over=True)
    state = db.session.scalar(
        update(Delivery)
        .where(
            Delivery.id == delivery.id,
            Delivery.state == "held",
            Delivery.reason == delivery.reason,
        )
        .values(
            state="held" if why else "pending",
            reason=why,
            not_before=database_now(),
            attempts=0,
        )
        .returning(Delivery.state)
    )
    if state:
        note("delivery_released", delivery, by=by)
    return state


def mark_received(delivery: Delivery, *, by: Person | None) -> bool:
    """«Marquer reçu»: a person saw it in the tool. False when its state forbids it.

    The document is validated by that person, unless somebody decided already; a copy
    that was asked for and waits does not leave.
    """
    lock_company(delivery.company_id, exclusive=True)
    db.session.refresh(delivery)
    ended_at = delivery.settled_at.isoformat() if delivery.settled_at else None
    before = {"state": delivery.state, "reason": delivery.reason, "ended_at": ended_at}
    now = database_now()
    marked = db.session.execute(
        update(Delivery)
        .where(Delivery.id == delivery.id, Delivery.state.in_(BLOCKED))
        .values(state="delivered", reason=BY_HAND, settled_at=now)
        .returning(Delivery.id)
    ).all()
    if not marked:
        return False
    document = delivery.document
    if document.status == "received":
        document.status, document.validated_at = "validated", now
        document.validated_by_id = by.id if by else None
        note("validated", delivery, by=by, firm_only=False)
    note("marked_received", delivery, by=by, before=before)
    call_off_repeats(delivery)
    return True


def call_off(delivery: Delivery, *, by: Person | None) -> bool:
    """«Annuler»: it will not leave. False when it has left, or is leaving; and when it
    was sent once more since: that is what would have to be called off."""
    lock_company(delivery.company_id, exclusive=True)
    called_off = db.session.execute(
        update(Delivery)
        .where(
            Delivery.id == delivery.id,
            Delivery.state.in_((*WAITING, *BLOCKED)),
            ~is_followed(),
        )
        .values(state="cancelled", reason="by_user", settled_at=database_now())
        .returning(Delivery.id)
    ).all()
    if called_off:
        note("delivery_cancelled", delivery, by=by)
    return bool(called_off)
