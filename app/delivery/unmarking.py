"""«Retirer la marque»: the tool has not got what a person had marked as received.

An act; the caller commits. The delivery is again what it was before the mark, by what
is known now: what was told meanwhile, and what its folder and its connection are.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import exists, select, update

from app.activity.models import Entry
from app.connectors.models import Connection, FolderSwitch
from app.db import database_now, db
from app.delivery import covering
from app.delivery.acceptance import record_acceptance
from app.delivery.bouncing import bounced
from app.delivery.by_hand import BY_HAND
from app.delivery.cancelling import cancel_waiting
from app.delivery.confirming import confirmed
from app.delivery.models import BLOCKED, DONE, Attempt, Delivery, MailEvent
from app.delivery.needing import is_one_followed
from app.delivery.noting import note
from app.delivery.planning import hold_reason
from app.delivery.versions import point_to
from app.library.models import Document
from app.library.taking import current_version
from app.locks import lock_company
from app.mailroom.models import BotMail
from app.people.models import Person

# What is wrong with the connection goes away by itself: it may have, meanwhile.
OF_THE_CONNECTION = ("revoked", "no_connection", "refused")


def may_unmark(delivery: Delivery) -> bool:
    """What the firm refused, or put in the trash, has to come back first."""
    is_marked = (delivery.state, delivery.reason) == ("delivered", BY_HAND)
    return is_marked and not delivery.document.is_kept_back


def unmark_received(delivery: Delivery, *, by: Person | None) -> str | None:
    """Gives the state that it came to; None when its own forbids it.

    The validation that the mark brought goes with it, unless another tool has the
    document. A copy that the mark called off is not asked for again.
    """
    lock_company(delivery.company_id, exclusive=True)
    document = db.session.get_one(
        Document,
        delivery.document_id,
        populate_existing=True,
        with_for_update={"key_share": True},
    )
    db.session.refresh(delivery)
    marked_at = delivery.settled_at
    before = _before(delivery)
    if before is None or document.is_kept_back:
        return None
    unmarked = db.session.scalar(
        update(Delivery)
        .where(
            Delivery.id == delivery.id,
            Delivery.state == "delivered",
            Delivery.reason == BY_HAND,
        )
        .values(
            state=before["state"],
            reason=before["reason"],
            settled_at=_ended_at(before),
        )
        .returning(Delivery.id)
    )
    if unmarked is None:
        return None
    db.session.refresh(delivery)
    note("mark_taken_back", delivery, by=by, state=delivery.state)
    if document.status == "validated" and document.validated_at == marked_at:
        _take_validation_back(document)
        note("validation_taken_back", delivery, by=by)
    if delivery.state == "held":
        _hold_by_what_is_now(delivery, document)
    else:
        _hear_what_was_told(delivery)
    db.session.refresh(delivery)
    return delivery.state


def _before(delivery: Delivery) -> dict[str, Any] | None:
    """What it was: told by the mark, or for one of old by the last line before it."""
    lines = db.session.execute(
        select(Entry.verb, Entry.details)
        .where(Entry.document_id == delivery.document_id)
        .order_by(Entry.id.desc())
    ).all()
    for verb, details in lines:
        if details.get("delivery") != str(delivery.id):
            continue
        if verb == "marked_received" and "before" in details:
            return dict(details["before"])
        state = verb.removeprefix("delivery_")
        if state in BLOCKED:
            return {"state": state, "reason": details.get("reason", state)}
    return None


def _ended_at(before: dict[str, Any]) -> datetime | None:
    """A ceiling counts what left, perhaps, from then on; one of old does not tell."""
    given = before.get("ended_at", "")
    if given == "":
        return database_now()
    return datetime.fromisoformat(given) if given else None


def _take_validation_back(document: Document) -> None:
    sent_at = db.session.scalar(
        select(Delivery.accepted_at)
        .where(Delivery.document_id == document.id, Delivery.state.in_(DONE))
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    elsewhere = exists().where(
        Delivery.document_id == document.id, Delivery.state.in_(DONE)
    )
    document.validated_by_id = None
    document.validated_at = sent_at
    if not db.session.scalar(select(elsewhere)):
        document.status = "received"
    db.session.flush()


def _hold_by_what_is_now(delivery: Delivery, document: Document) -> None:
    """Its switch, its version, its connection may be others than when it was marked."""
    version = current_version(document)
    if is_one_followed(delivery):
        cancel_waiting(why="replaced", delivery_ids=[delivery.id])
        return
    if version.id != delivery.version_id and not delivery.ambiguous:
        point_to(delivery, document, version)
    elif delivery.reason in OF_THE_CONNECTION:
        connection = db.session.get_one(Connection, delivery.connection_id)
        why = hold_reason(version, connection, delivery.slot)
        delivery.state, delivery.reason = ("held", why) if why else ("pending", None)
        delivery.not_before = database_now()
    db.session.flush()
    if delivery.switch_id is None:
        return
    switch = db.session.get_one(FolderSwitch, delivery.switch_id)
    why = "switch_off" if switch.closed_at else "moved_out"
    covering.cover_again([document.id], why=why)


def _hear_what_was_told(delivery: Delivery) -> None:
    """By the server, late, or by the provider: the mark was the last word then."""
    taken = select(Attempt.started_at, Attempt.code, Attempt.text).where(
        Attempt.delivery_id == delivery.id, Attempt.phase == "done"
    )
    late = db.session.execute(taken.limit(1)).one_or_none()
    if late and delivery.state in {"unknown", "failed"}:
        now = database_now()
        delivery.state, delivery.reason = "accepted", None
        delivery.accepted_at = delivery.settled_at = late.started_at
        db.session.flush()
        app_key = delivery.connection.app_key
        record_acceptance(delivery, app_key, f"{late.code} {late.text}", now)
    events = db.session.execute(
        select(MailEvent.kind, MailEvent.said)
        .where(MailEvent.delivery_id == delivery.id)
        .order_by(MailEvent.received_at, MailEvent.id)
    ).all()
    for kind, said in events:
        if kind == "delivered":
            confirmed(delivery, said)
        elif kind == "bounced":
            bounced(delivery, said)
    came_back = select(BotMail.text, BotMail.subject).where(
        BotMail.delivery_id == delivery.id, BotMail.kind.in_(("bounce", "refusal"))
    )
    for text, subject in db.session.execute(came_back.order_by(BotMail.id)).all():
        bounced(delivery, text or subject)
