"""The clock of the worker jumps, or its hour is changed: the database's clock rules."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app.db import database_now, db
from app.delivery.models import Tick
from tests.cast import House
from tests.delivery.processes import wait_until
from tests.delivery.world import state_of
from tests.faults.counting import note, note_outcome
from tests.faults.invariants import broken
from tests.faults.stage import Crew
from tests.redis_server import needs_redis
from tests.smtp import MailServer

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
pytestmark = [
    needs_redis,
    pytest.mark.faults,
    pytest.mark.skipif(not LIBRARY, reason="libfaketime is absent: run bin/test"),
]
PARIS = ZoneInfo("Europe/Paris")


def clock(said: str) -> dict[str, str]:
    """A wall clock of its own for a process (`man faketime`); what measures how long
    something takes stays true."""
    return {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME": said,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": "Europe/Paris",
    }


def slots() -> list[datetime]:
    """Those whose run has ended."""
    found = db.session.scalars(
        select(Tick.slot).where(Tick.finished_at.is_not(None)).order_by(Tick.slot)
    ).all()
    db.session.commit()
    return list(found)


@pytest.mark.parametrize("hours", [1, -1])
def test_two_workers_whose_clocks_are_apart_send_nothing_twice(
    house: House, crew: Crew, smtp: MailServer, hours: int
) -> None:
    smtp.fails("dot", wait=0.05, times=99)
    drops = [house.drop(f"{n}.pdf") for n in range(25)]
    crew.start(**clock(f"{hours:+d}h"))
    crew.start()
    wait_until(lambda: {state_of(done)[0] for done in drops} == {"accepted"})
    wait_until(lambda: len(slots()) >= 2)
    now = database_now()
    db.session.commit()
    apart = [abs(slot - now) > timedelta(minutes=55) for slot in slots()]
    assert {True, False} == set(apart)  # both clocks asked
    note("clock", faults=1)
    note_outcome("clock", smtp.messages)
    assert broken(smtp.messages, at_rest=True) == []
    assert len(smtp.messages) == len(drops)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 10, 25, 1, 0, tzinfo=UTC),  # 03:00 is 02:00 again
        datetime(2027, 3, 28, 1, 0, tzinfo=UTC),  # 02:00 is 03:00
        datetime(2038, 1, 19, 3, 14, tzinfo=UTC),  # seconds outgrow 31 bits
    ],
)
def test_a_clock_that_passes_a_change_of_the_hour_asks_slot_after_slot(
    house: House, crew: Crew, smtp: MailServer, moment: datetime
) -> None:
    first = house.drop("before.pdf")
    before = moment - timedelta(seconds=12)
    ahead = round((before - datetime.now(UTC)).total_seconds())
    crew.start(**clock(f"{ahead:+d}s"))
    wait_until(lambda: state_of(first)[0] == "accepted", 180)
    second = house.drop("after.pdf")
    wait_until(lambda: state_of(second)[0] == "accepted", 120)  # asked by nobody else
    wait_until(lambda: len(slots()) >= 2)
    note("clock", faults=1)
    note_outcome("clock", smtp.messages)
    assert broken(smtp.messages, at_rest=True) == []
    apart = {later - earlier for earlier, later in pairwise(slots())}
    assert apart == {timedelta(minutes=1)}
    assert moment in slots()
