"""Rows as the tests of deliveries need them, and what has become of them."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from app.activity.models import Entry
from app.connectors import switches
from app.db import database_now, db
from app.delivery import lastlook, ledger
from app.delivery.claiming import Claim
from app.delivery.models import Attempt, Delivery, Trouble
from app.library.deposit import Deposited
from app.library.models import Document
from tests.cast import House

AtLast = Callable[[Callable[[], object]], None]


def delivery_of(done: Deposited) -> Delivery:
    """The document's only delivery, as the database has it now."""
    found = db.session.scalars(
        select(Delivery)
        .where(Delivery.document_id == done.document.id)
        .execution_options(populate_existing=True)
    ).one()
    db.session.commit()
    return found


def copies_of(done: Deposited) -> list[Delivery]:
    """The first one first."""
    wanted = select(Delivery).where(Delivery.document_id == done.document.id)
    found = db.session.scalars(
        wanted.order_by(Delivery.id).execution_options(populate_existing=True)
    ).all()
    db.session.commit()
    return list(found)


def state_of(done: Deposited) -> tuple[str, str | None]:
    delivery = delivery_of(done)
    return delivery.state, delivery.reason


def document_of(done: Deposited) -> Document:
    found = db.session.scalars(
        select(Document)
        .where(Document.id == done.document.id)
        .execution_options(populate_existing=True)
    ).one()
    db.session.commit()
    return found


def marked(claimed: Claim) -> bool:
    """The last look before its dot, as a run takes it."""
    with ledger.opened() as kept:
        return lastlook.mark(claimed, kept)


def attempts_of(done: Deposited) -> list[Attempt]:
    found = db.session.scalars(
        select(Attempt)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(Delivery.document_id == done.document.id)
        .order_by(Attempt.id)
    ).all()
    db.session.commit()
    return list(found)


def verbs_of(done: Deposited) -> list[str]:
    found = db.session.scalars(
        select(Entry.verb)
        .where(Entry.document_id == done.document.id)
        .order_by(Entry.id)
    ).all()
    db.session.commit()
    return list(found)


def change(done: Deposited, **values: Any) -> None:
    """Write into the document's delivery; committed."""
    db.session.execute(
        update(Delivery)
        .where(Delivery.document_id == done.document.id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def tried_before(done: Deposited, days: float) -> None:
    """Its tries were so many days earlier; committed."""
    for attempt in attempts_of(done):
        attempt.started_at -= timedelta(days=days)
        db.session.add(attempt)
    db.session.commit()


def let_time_pass(minutes: float = 10) -> None:
    """Everything planned or leased happened that much earlier; committed."""
    earlier = timedelta(minutes=minutes)
    rows = db.session.execute(
        select(Delivery.id, Delivery.not_before, Delivery.lease_until)
    ).all()
    for row_id, not_before, lease_until in rows:
        db.session.execute(
            update(Delivery)
            .where(Delivery.id == row_id)
            .values(
                not_before=not_before - earlier,
                lease_until=lease_until and lease_until - earlier,
            )
            .execution_options(synchronize_session=False)
        )
    for trouble in db.session.scalars(select(Trouble)):
        trouble.retry_at -= earlier
    db.session.commit()


def switch_elm_on(house: House) -> None:
    """Elm's purchases too are switched on towards its tool; committed."""
    elm = house.connect(company=house.elm)
    folder = house.folder(company=house.elm)
    switches.set_switch(folder, elm, "purchases", "on", by=None)
    db.session.commit()


def claimed_by_a_lost_worker(done: Deposited, state: str = "sending") -> uuid.UUID:
    """As a worker left it that was killed a minute ago; committed."""
    change(
        done,
        state=state,
        token=7,
        owner="lost",
        attempts=1,
        sender="quickbooks+dune-alder@mail.guichet.test",
        destination="purchases.dune-alder@tool.test",
        lease_until=database_now() - timedelta(minutes=1),
    )
    return delivery_of(done).id
