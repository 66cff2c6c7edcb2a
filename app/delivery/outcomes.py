"""What is written when a delivery does not come to be accepted: one transaction each.

Only the holder of the newest token may write it. Each gives the state that the
delivery came to: `lost` when it was somebody else's by then.
"""

from typing import Any

from sqlalchemy import and_, exists, select, update
from sqlalchemy.orm import aliased

from app.activity.recording import record
from app.connectors.models import Connection, Destination
from app.db import database_now, db
from app.delivery.alerts import tell_refused
from app.delivery.answers import Reply
from app.delivery.attempts import note_attempt, tried_since
from app.delivery.claiming import Claim
from app.delivery.covering import hold_waiting
from app.delivery.models import LEASED, Delivery
from app.delivery.reaping import back_to
from app.delivery.retries import is_over, next_try
from app.delivery.settled_trail import ADDRESS_CHANGED, NOTED, note_settled
from app.locks import lock_company


def put_back(claim: Claim, phase: str, reply: Reply | None) -> str:
    """Nothing happened to this message: it waits for the next run, uncharged.

    Behind the others: a server that hangs up at it each time does not keep them back.
    """
    now = database_now()
    uncharged = {"attempts": Delivery.attempts - 1, "not_before": now}
    return _settle(claim, phase, reply, back_to("pending", now) | uncharged)


def deferred(claim: Claim, phase: str, reply: Reply | None) -> str:
    """A temporary failure: later, or given up after five days."""
    now = database_now()
    if is_over(now, tried_since(claim)):
        return failed(claim, phase, reply, "expired")
    later = {"not_before": next_try(now, claim.attempts)}
    return _settle(claim, phase, reply, back_to("deferred", now) | later)


def held(claim: Claim, phase: str, reply: Reply | None, reason: str) -> str:
    if reason in {"revoked", "refused"}:
        return _held_by_access(claim, phase, reply, reason)
    return _held(claim, phase, reply, reason)


def _held_by_access(claim: Claim, phase: str, reply: Reply | None, reason: str) -> str:
    """By what the access and the address are once they cannot change any more: they may
    be good again. Nothing would release what is held for them then."""
    lock_company(claim.company_id, exclusive=True)
    is_off, is_refused, address = db.session.execute(
        select(
            *(Connection.revoked_at.is_not(None), Destination.refused_at.is_not(None)),
            Destination.address,
        )
        .outerjoin(
            Destination,
            and_(
                Destination.connection_id == Connection.id,
                Destination.slot == claim.slot,
            ),
        )
        .where(Connection.id == claim.connection_id)
    ).one()
    if reason == "revoked" and address not in {None, claim.destination}:
        return _held(claim, phase, reply, ADDRESS_CHANGED)
    if is_off:
        return _held(claim, phase, reply, "revoked")
    if is_refused:
        return _held(claim, phase, reply, "refused")
    return put_back(claim, phase, reply)


def _held(claim: Claim, phase: str, reply: Reply | None, reason: str) -> str:
    return _settle(claim, phase, reply, back_to("held", database_now(), reason))


def failed(claim: Claim, phase: str, reply: Reply | None, reason: str) -> str:
    return _end(claim, phase, reply, "failed", reason)


def cancelled(claim: Claim, reason: str) -> str:
    return _end(claim, "body", None, "cancelled", reason)


def uncertain(claim: Claim) -> str:
    """The address is not the one that a first copy may have reached."""
    return _end(claim, "connect", None, "unknown", "ambiguous")


def unanswered(claim: Claim, text: str) -> str:
    """The dot left, no answer: the lease ends now, the next run settles the doubt."""
    claim.reply = Reply("dot", 0, text)
    note_attempt(claim, "dot", claim.reply)
    ours = db.session.execute(
        update(Delivery)
        .where(
            Delivery.id == claim.id,
            Delivery.state == "in_doubt",
            Delivery.token == claim.token,
        )
        .values(last_code=None, last_text=text, lease_until=database_now())
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    db.session.commit()
    return "in_doubt" if ours else "lost"


def address_refused(claim: Claim, phase: str, reply: Reply, *, sender: bool) -> str:
    """The address is wrong, or the sender is: what goes there waits for a person.

    A sender that is refused stops every address of the connection. Unless a person
    corrected it while we were sending: then it leaves with the next run.
    """
    lock_company(claim.company_id, exclusive=True)
    said = f"{reply.code} {reply.text}"
    used = aliased(Destination)
    is_still_used = exists().where(
        used.connection_id == claim.connection_id,
        used.slot == claim.slot,
        used.address == claim.destination,
    )
    concerned = () if sender else (Destination.slot == claim.slot,)
    refused = db.session.scalars(
        update(Destination)
        .where(
            Destination.connection_id == claim.connection_id, is_still_used, *concerned
        )
        .values(
            refused_at=database_now(),
            refusal=said[:500],
            refused_side="sender" if sender else "recipient",
        )
        .returning(Destination.slot)
        .execution_options(synchronize_session=False)
    ).all()
    if not refused:
        return put_back(claim, phase, reply)
    hold_waiting(claim.connection_id, "refused", refused)
    record(
        "sender_refused" if sender else "address_refused",
        firm_id=claim.firm_id,
        company_id=claim.company_id,
        firm_only=True,
        app=claim.app_key,
        slot=claim.slot,
        destination=claim.destination,
        sender=claim.sender,
        reply=said[:300],
    )
    tell_refused(claim.connection_id, claim.destination or "", said, sender=sender)
    return held(claim, phase, reply, "refused")


def _end(claim: Claim, phase: str, reply: Reply | None, state: str, reason: str) -> str:
    now = database_now()
    values = back_to(state, now) | {
        "state": state,
        "reason": reason,
        "settled_at": now,
    }
    return _settle(claim, phase, reply, values)


def _settle(
    claim: Claim, phase: str, reply: Reply | None, values: dict[str, Any]
) -> str:
    """T3, T6, T7: one attempt, one change, one commit."""
    claim.reply = reply
    if reply is not None:
        values |= {"last_code": reply.code or None, "last_text": reply.text}
    note_attempt(claim, phase, reply)
    state = db.session.scalar(
        update(Delivery)
        .where(
            Delivery.id == claim.id,
            Delivery.token == claim.token,
            Delivery.state.in_(LEASED),
        )
        .values(**values)
        .returning(Delivery.state)
        .execution_options(synchronize_session=False)
    )
    if state in NOTED:
        note_settled([claim.id])
    db.session.commit()
    return state or "lost"
