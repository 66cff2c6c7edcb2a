"""The quarter of an hour, whatever the clocks on the wall do."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from app.connectors import apps, connecting
from app.db import database_now, db
from app.delivery import tick
from app.delivery.clock import next_slot, seconds_since_last_run, slot_at
from app.delivery.models import Tick
from app.delivery.retries import GIVE_UP_AFTER, MINUTES, is_over, next_try
from tests.cast import House
from tests.delivery.world import change, let_time_pass, state_of, tried_before
from tests.smtp import MailServer

PARIS = ZoneInfo("Europe/Paris")
AUTUMN = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)  # 3:00 is 2:00 again at 1:00 UTC
SPRING = datetime(2027, 3, 28, 0, 50, tzinfo=UTC)  # 2:00 is 3:00 at 1:00 UTC
QUARTER = timedelta(minutes=15)


@pytest.mark.parametrize(
    ("moment", "slot"),
    [
        ("10:00:00", "10:00"),
        ("10:14:59.999999", "10:00"),
        ("10:15:00", "10:15"),
        ("23:59:59", "23:45"),
    ],
)
def test_a_slot_begins_at_the_quarter(app: Flask, moment: str, slot: str) -> None:
    day = "2026-11-25T"
    found = slot_at(datetime.fromisoformat(f"{day}{moment}+00:00"))
    assert found == datetime.fromisoformat(f"{day}{slot}:00+00:00")
    assert next_slot(found) - found == QUARTER


@pytest.mark.parametrize("minutes", [1, 5, 15, 60])
def test_the_length_of_a_slot_is_a_setting(app: Flask, minutes: int) -> None:
    app.config["TICK_MINUTES"], before = minutes, app.config["TICK_MINUTES"]
    try:
        slot = slot_at(datetime(2026, 11, 25, 10, 37, 20, tzinfo=UTC))
        assert slot.minute % minutes == 0
        assert next_slot(slot) - slot == timedelta(minutes=minutes)
    finally:
        app.config["TICK_MINUTES"] = before


@pytest.mark.parametrize("begin", [AUTUMN, SPRING])
def test_b84_a_change_of_the_hour_neither_skips_nor_repeats_a_slot(
    app: Flask, begin: datetime
) -> None:
    minutes = [begin + timedelta(minutes=n) for n in range(121)]
    slots = sorted({slot_at(minute.astimezone(PARIS)) for minute in minutes})
    steps = {later - sooner for sooner, later in pairwise(slots)}
    assert steps == {QUARTER}
    assert len(slots) == 9


def test_b84_both_passes_of_half_past_two_are_slots_of_their_own(app: Flask) -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=PARIS, fold=0)
    second = first.replace(fold=1)
    assert slot_at(second) - slot_at(first) == timedelta(hours=1)


@pytest.mark.parametrize("begin", [AUTUMN, SPRING])
def test_b84_each_document_leaves_once_over_the_change(
    house: House, smtp: MailServer, begin: datetime
) -> None:
    for quarter in range(4):
        house.drop(f"{quarter}.pdf")
        tick.run(slot_at(begin + quarter * QUARTER))
    assert len(smtp.messages) == len(set(smtp.ids())) == 4
    rows = db.session.scalars(select(Tick).order_by(Tick.slot)).all()
    assert [row.accepted for row in rows] == [1, 1, 1, 1]


def test_tries_come_soon_at_first_then_ever_more_rarely() -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    for attempts, minutes in enumerate((*MINUTES, MINUTES[-1]), 1):
        waits = [(next_try(now, attempts) - now).total_seconds() for _ in range(200)]
        assert min(waits) >= minutes * 60 * 0.8 - 1
        assert max(waits) <= minutes * 60 * 1.2 + 1
        assert len(set(waits)) > 20


def test_after_five_days_it_is_over() -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    assert not is_over(now, now - GIVE_UP_AFTER)
    assert is_over(now, now - GIVE_UP_AFTER - timedelta(seconds=1))


def test_the_five_days_begin_with_the_first_try(house: House, post: MailServer) -> None:
    """It was held for a week, or the firm was suspended: it is tried all the same."""
    done = house.drop()
    change(done, created_at=database_now() - timedelta(days=7))
    post.fails("rcpt", "451 4.7.1 Greylisted", times=3)
    tick.run()
    assert state_of(done)[0] == "deferred"
    tried_before(done, days=4.9)
    let_time_pass(60)
    tick.run()
    assert state_of(done)[0] == "deferred"
    tried_before(done, days=0.2)
    let_time_pass(60)
    tick.run()
    assert state_of(done) == ("failed", "expired")


def test_they_begin_anew_when_what_was_held_is_released(
    house: House, post: MailServer
) -> None:
    done = house.drop()
    post.fails("rcpt", "451 4.7.1 Greylisted", times=2)
    tick.run()
    tried_before(done, days=6)
    connection = house.dune_connection()
    connecting.revoke(connection, by=house.admin)
    db.session.commit()
    assert state_of(done) == ("held", "revoked")
    connecting.authorise(house.dune, apps.get("quickbooks"), by=house.admin)
    db.session.commit()
    tick.run()
    assert state_of(done)[0] == "deferred"
    let_time_pass(60)
    tick.run()
    assert state_of(done)[0] == "accepted"


def test_a_run_of_a_clock_that_was_ahead_hides_no_run_since(app: Flask) -> None:
    now = database_now()
    for slot, ended in ((1, -90), (-1, -2)):
        row = {"slot": now + slot * timedelta(days=1), "worker": "w", "started_at": now}
        ended_at = now + timedelta(minutes=ended)
        db.session.add(Tick(**row, finished_at=ended_at))
    db.session.commit()
    assert seconds_since_last_run() in range(115, 150)
