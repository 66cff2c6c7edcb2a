"""The database cuts its lines in the middle of a sending (PostgreSQL restarts)."""

import threading
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.delivery import tick
from app.delivery.models import Delivery
from tests.cast import House
from tests.delivery.world import attempts_of, delivery_of, state_of
from tests.smtp import MailServer

pytestmark = pytest.mark.faults

CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
CUT_WAITING = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
OPEN = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND state = 'idle in transaction'
"""


@pytest.fixture
def cut_lines(app: Flask) -> Callable[[], object]:
    url = db.engine.url
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no lines to cut")

    def cut() -> None:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.execute(sa.text(CUT)).all()

    return cut


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
def test_idle_lines_cut_before_the_marker_keep_nothing_back(
    house: House, smtp: MailServer, cut_lines: Callable[[], object], phase: str
) -> None:
    """None is in use while the mail server talks: others are opened for the marker."""
    done, other = house.drop("a.pdf"), house.drop("b.pdf")
    smtp.fails(phase, call=cut_lines)
    tick.run()
    assert state_of(done) == state_of(other) == ("accepted", None)
    assert delivery_of(done).ambiguous == 0
    assert [mail.file_name for mail in smtp.messages] == ["a.pdf", "b.pdf"]


@pytest.mark.parametrize("phase", ["dot", "ack"])
def test_an_acceptance_is_recorded_on_a_new_line(
    house: House, smtp: MailServer, cut_lines: Callable[[], object], phase: str
) -> None:
    done = house.drop()
    smtp.fails(phase, call=cut_lines)
    assert tick.run()["accepted"] == 1
    assert (delivery_of(done).state, delivery_of(done).ambiguous) == ("accepted", 0)
    assert len(attempts_of(done)) == 1
    assert len(smtp.messages) == 1


def test_a_marker_that_was_not_committed_gets_no_dot(
    house: House, smtp: MailServer, cut_lines: Callable[[], object]
) -> None:
    """Its line is cut while it waits for the row of its delivery."""
    done = house.drop()
    engine = sa.create_engine(db.engine.url, poolclass=sa.NullPool)
    with engine.connect() as ours, engine.connect() as other:
        watcher = threading.Thread(target=cut_who_waits, args=(ours, other))

        def keep_the_row() -> None:
            ours.execute(sa.select(Delivery.id).with_for_update())
            watcher.start()

        smtp.fails("data", call=keep_the_row)
        tick.run()
        watcher.join(20)
    assert not watcher.is_alive()
    assert smtp.messages == []
    assert (delivery_of(done).state, delivery_of(done).ambiguous) == ("deferred", 0)


def cut_who_waits(holder: sa.Connection, other: sa.Connection) -> None:
    while not other.execute(sa.text(CUT_WAITING)).all():
        other.rollback()
        time.sleep(0.01)
    other.rollback()
    holder.rollback()


def test_one_frozen_in_its_acceptance_lets_go_and_records_it_when_it_wakes(
    house: House,
    smtp: MailServer,
    cut_lines: Callable[[], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Frozen with its locks, it kept every other acceptance of the connection back.

    Step by step, as where one statement cannot do it: that one is never half done.
    """
    done = house.drop()
    acceptance = import_module("app.delivery.acceptance")
    monkeypatch.setattr(acceptance, "_at_once", acceptance._step_by_step)
    monkeypatch.setattr(acceptance, "begin", cut_at_once)
    monkeypatch.setattr(import_module("app.db"), "MOST_IDLE_SECONDS", 2.0)
    db.engine.dispose()
    woke: list[bool] = []

    def freeze(*said: Any) -> None:
        if said[2].startswith("UPDATE connections") and not woke:
            woke.append(ends_by_itself(said[0].engine.url))

    sa.event.listen(db.engine, "after_cursor_execute", freeze)
    assert tick.run()["accepted"] == 1
    sa.event.remove(db.engine, "after_cursor_execute", freeze)
    db.engine.dispose()
    assert woke == [True]
    assert (delivery_of(done).state, delivery_of(done).ambiguous) == ("accepted", 0)
    assert len(attempts_of(done)) == len(smtp.messages) == 1


def cut_at_once(*_asked: object) -> None:
    raise psycopg.OperationalError("the line was cut")


def ends_by_itself(url: sa.URL) -> bool:
    """Whether the open transaction is ended while its owner does nothing."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    for _ in range(100):
        time.sleep(0.1)
        with engine.connect() as connection:
            if not connection.execute(sa.text(OPEN)).all():
                return True
    return False
