"""What the mail provider tells: kept first, then applied, each once.

Applied by the request that brought it, and by the next runs until it fits: an event
may be quicker than the record of the answer that it follows (C12). A bounce is the
later word, whatever the order in which they come.
"""

import logging
import uuid
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select

from app.connectors.models import TestMail
from app.db import database_now, db, insert_into, new_id
from app.delivery import complaints, correlating, test_mail_told
from app.delivery.bouncing import bounced
from app.delivery.confirming import confirmed
from app.delivery.models import Delivery, MailEvent
from app.delivery.providers.event import Headers, ProviderEvent
from app.delivery.providers.known import PROVIDERS

log = logging.getLogger(__name__)
PATIENCE = timedelta(days=1)  # one that fits nothing by then never will
MOST = 1000  # in a run
# What the firm is told of; of anything else there is nothing to wait for.
TELLING = ("delivered", "bounced", "delayed", "complained")


class Replayed(Exception):
    """A token that was used before brings something else."""


def keep(provider: str, body: bytes, headers: Headers) -> list[uuid.UUID]:
    """Write down what is new, and give its ids; the caller commits. Raises Replayed."""
    one = PROVIDERS[provider]
    told = one.events(body, headers)
    if not told:
        log.warning("%s told nothing that can be read", provider)
    if token := one.token(body):
        use_once(provider, token, " ".join(event.event_id for event in told))
    kept = (_kept(provider, event) for event in told)
    return [row_id for row_id in kept if row_id]


def use_once(provider: str, token: str, for_what: str) -> None:
    """The token's row stays: the same may come again with it, nothing else. The caller
    commits. Raises Replayed."""
    name = f"token {token}"
    row = ProviderEvent(name, "other", for_what)
    if _kept(provider, row, applied_at=database_now()):
        return
    first = db.session.scalar(
        select(MailEvent.raw).where(
            MailEvent.provider == provider, MailEvent.event_id == name
        )
    )
    if first != for_what:
        raise Replayed


def _kept(provider: str, event: ProviderEvent, **more: object) -> uuid.UUID | None:
    return db.session.scalar(
        insert_into(MailEvent)
        .values(
            id=new_id(),
            provider=provider,
            event_id=event.event_id,
            kind=event.kind,
            said=event.text,
            raw=event.raw,
            received_at=database_now(),
            **more,
        )
        .on_conflict_do_nothing()
        .returning(MailEvent.id)
    )


def apply_waiting() -> int:
    """Those that fitted nothing yet; before each run. Gives how many were looked at.
    Commits."""
    waiting = db.session.scalars(
        select(MailEvent.id)
        .where(
            MailEvent.applied_at.is_(None),
            MailEvent.received_at > database_now() - PATIENCE,
        )
        .order_by(MailEvent.received_at.desc())
        .limit(MOST)
    ).all()
    db.session.commit()
    apply_each(waiting)
    return len(waiting)


def apply_each(ids: Iterable[uuid.UUID]) -> None:
    """One that cannot be applied now stays for the next run; commits each."""
    for row_id in ids:
        try:
            apply(row_id)
            db.session.commit()
        except Exception:
            db.session.rollback()
            log.exception("the event %s is left for the next run", row_id)


def apply(row_id: uuid.UUID) -> None:
    """What it changes and that it is applied: one transaction; the caller commits."""
    row = db.session.scalars(
        select(MailEvent)
        .where(MailEvent.id == row_id, MailEvent.applied_at.is_(None))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        return
    told = PROVIDERS[row.provider].events(row.raw, {})
    delivery = _about(told[0]) if told else None
    row.delivery_id = delivery.id if delivery else None
    if row.kind not in TELLING or not told or _is_applied(row, told[0], delivery):
        row.applied_at = database_now()


def _is_applied(
    row: MailEvent, event: ProviderEvent, delivery: Delivery | None
) -> bool:
    return _is_done(row, delivery) if delivery else _is_told_of_test(row, event)


def _is_told_of_test(row: MailEvent, event: ProviderEvent) -> bool:
    """Of a test e-mail only its end is told; what does not fit never will."""
    within = [TestMail.state != "asked"]
    if event.recipient:
        within.append(func.lower(TestMail.destination) == event.recipient.lower())
    test = correlating.find_test(event.keys, *within)
    if test and row.kind == "delivered":
        test_mail_told.delivered(test, row.said)
    if test and row.kind == "bounced":
        test_mail_told.bounced(test, row.said)
    return test is not None


def _about(event: ProviderEvent) -> Delivery | None:
    """The provider may speak of what was handed to it, to the address that it names."""
    within: list[ColumnElement[bool]] = [Delivery.token > 0]
    if event.recipient:
        within.append(func.lower(Delivery.destination) == event.recipient.lower())
    return correlating.find(event.keys, *within)


def _is_done(row: MailEvent, delivery: Delivery) -> bool:
    """False when it does not fit what is recorded so far."""
    if row.kind == "delivered":
        return confirmed(delivery, row.said) or _is(delivery, "delivered", "bounced")
    if row.kind == "bounced":
        return bounced(delivery, row.said) or _is(delivery, "delivered", "bounced")
    if row.kind == "complained":
        complaints.tell(delivery, row.said)
    return True


def _is(delivery: Delivery, *states: str) -> bool:
    state = db.session.scalar(
        select(Delivery.state)
        .where(Delivery.id == delivery.id)
        .execution_options(across_firms=True)
    )
    return state in states
