"""T9: what was accepted came back. The tool has not got it, so the validation that it
brought is taken away; one that a person gave stays.

An act; the caller commits. It may come before the acceptance is recorded: the bounce is
the later word then too.
"""

from sqlalchemy import and_, exists, or_, select, update

from app.db import database_now, db
from app.delivery.models import DONE, WAITING, Delivery
from app.delivery.noting import note
from app.library.models import Document
from app.locks import lock_company

# A marked receipt is a person's word; a bounce does not take that back.
BOUNCEABLE = (*DONE, "in_doubt", "unknown")
# The first copy is the one that came back: no second one is to leave.
REPEATING = (*WAITING, "sending", "held")


def bounced(delivery: Delivery, said: str) -> bool:
    """Record it, with the words that came back. Again, or too late, changes nothing."""
    lock_company(delivery.company_id, exclusive=True)
    is_news = db.session.execute(
        update(Delivery)
        .where(
            Delivery.id == delivery.id,
            or_(
                Delivery.state.in_(BOUNCEABLE),
                and_(Delivery.ambiguous > 0, Delivery.state.in_(REPEATING)),
            ),
            Delivery.reason.is_distinct_from("by_hand"),
        )
        .values(
            state="bounced",
            reason="bounced",
            last_text=said[:1000],
            settled_at=database_now(),
            owner=None,
            lease_until=None,
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session=False, across_firms=True)
    ).all()
    if not is_news:
        return False
    note("bounced", delivery, reply=said[:300])
    if _take_validation_back(delivery):
        note("validation_taken_back", delivery)
    return True


def _take_validation_back(delivery: Delivery) -> bool:
    """Unless a person validated it, or another tool has it."""
    elsewhere = exists(
        select(Delivery.id).where(
            Delivery.document_id == delivery.document_id,
            Delivery.id != delivery.id,
            Delivery.state.in_(DONE),
        )
    )
    taken = db.session.execute(
        update(Document)
        .where(
            Document.id == delivery.document_id,
            Document.status == "validated",
            Document.validated_by_id.is_(None),
            ~elsewhere,
        )
        .values(status="received", validated_at=None)
        .returning(Document.id)
        .execution_options(synchronize_session=False, across_firms=True)
    ).all()
    return bool(taken)
