"""T9 and T8a: the tool's server has it, says our provider.

From a doubt it settles that too: accepted, validated and delivered in one transaction,
so that no second copy leaves, nor one that a person asked for meanwhile. An act; the
caller commits.
"""

from sqlalchemy import and_, or_, update

from app.db import database_now, db
from app.delivery.acceptance import record_acceptance
from app.delivery.models import DONE, Delivery
from app.delivery.noting import note
from app.delivery.repeats import call_off_repeats
from app.locks import lock_company


def confirmed(delivery: Delivery, said: str) -> bool:
    """Record it. After a bounce, again, or without any dot sent, it changes nothing."""
    lock_company(delivery.company_id, exclusive=True)
    if _change(delivery, Delivery.state == "accepted"):
        note("delivered", delivery, reply=said[:300])
    elif not _settled(delivery, said):
        return False
    call_off_repeats(delivery)
    return True


def _settled(delivery: Delivery, said: str) -> bool:
    """A doubt: the dot is out, or was once without an answer."""
    is_doubtful = or_(
        Delivery.state == "in_doubt",
        and_(Delivery.ambiguous > 0, Delivery.state.not_in((*DONE, "bounced"))),
    )
    now = database_now()
    values = {
        "reason": None,
        "accepted_at": now,
        "cancel_requested": False,
        "owner": None,
        "lease_until": None,
        "last_code": None,
        "last_text": said[:1000],
    }
    if not _change(delivery, is_doubtful, **values):
        return False
    record_acceptance(delivery, delivery.connection.app_key, said, now)
    return True


def _change(delivery: Delivery, expected: object, **values: object) -> bool:
    changed = db.session.execute(
        update(Delivery)
        .where(Delivery.id == delivery.id, expected)  # type: ignore[arg-type]
        .values(state="delivered", settled_at=database_now(), **values)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False, across_firms=True)
    ).all()
    return bool(changed)
