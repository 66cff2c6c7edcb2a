"""A process that is frozen with a row locked keeps that row back, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.connectors.models import Connection
from app.db import database_now, db
from app.delivery import reaping, tick, troubles
from app.delivery.models import Delivery, Trouble
from app.library.deposit import Deposited
from tests.cast import House
from tests.delivery.world import (
    change,
    claimed_by_a_lost_worker,
    delivery_of,
    let_time_pass,
    state_of,
)
from tests.smtp import MailServer


@pytest.fixture(autouse=True)
def impatient(house: House) -> Iterator[None]:
    """Who waits for a lock fails, where it would wait until the frozen one wakes."""
    if db.engine.dialect.name != "postgresql":
        pytest.skip("on SQLite one writer locks everything")

    def hurry(line: sa.Connection) -> None:
        line.exec_driver_sql("SET LOCAL lock_timeout = '2s'")

    sa.event.listen(db.engine, "begin", hurry)
    yield
    sa.event.remove(db.engine, "begin", hurry)


@contextmanager
def frozen_with(done: Deposited) -> Iterator[None]:
    """Another process has the delivery's row locked, and does nothing any more."""
    row = sa.select(Delivery.id).where(Delivery.id == delivery_of(done).id)
    with db.engine.connect() as line:
        line.execute(row.with_for_update()).one()
        yield


@pytest.mark.parametrize("state", ["sending", "in_doubt"])
def test_the_run_takes_up_the_others_and_sends_what_is_due(
    house: House, smtp: MailServer, state: str
) -> None:
    locked, lost, doubtful, due = [house.drop(f"{n}.pdf") for n in range(4)]
    claimed_by_a_lost_worker(locked, state)
    claimed_by_a_lost_worker(lost, "sending")
    claimed_by_a_lost_worker(doubtful, "in_doubt")
    with frozen_with(locked):
        assert tick.run()["reaped"] == 2
        assert state_of(locked)[0] == state
        assert state_of(doubtful)[0] == "deferred"
        assert state_of(lost)[0] == state_of(due)[0] == "accepted"
    for _ in range(2):
        tick.run()
        let_time_pass(5)
    assert state_of(locked)[0] == state_of(doubtful)[0] == "accepted"
    assert len(smtp.messages) == len(set(smtp.ids())) == 4


def test_what_is_tried_no_more_is_given_up_without_it(house: House) -> None:
    locked, other = house.drop("a.pdf"), house.drop("b.pdf")
    long_ago = database_now() - timedelta(days=6)
    for done in (locked, other):
        change(done, state="deferred", created_at=long_ago, attempts=3)
    address = "purchases.dune-alder@tool.test"
    db.session.add(
        Trouble(
            address=address, failures=troubles.MOST, since=long_ago, said="451 Later"
        )
    )
    db.session.commit()
    with frozen_with(locked):
        assert reaping.give_up() == 1
    assert (state_of(locked)[0], state_of(other)[0]) == ("deferred", "failed")
    assert reaping.give_up() == 1


def test_what_a_revocation_left_waiting_is_held_without_it(house: House) -> None:
    locked, other = house.drop("a.pdf"), house.drop("b.pdf")
    db.session.execute(sa.update(Connection).values(revoked_at=database_now()))
    db.session.commit()
    with frozen_with(locked):
        assert reaping.hold_unsendable() == 1
    assert (state_of(locked)[0], state_of(other)[0]) == ("pending", "held")
    assert reaping.hold_unsendable() == 1
