"""So many messages a minute, by all workers together, and not one more."""

import threading
from collections import Counter
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select

from app.db import database_now, db
from app.delivery import quota, tick
from app.delivery.models import Delivery, MailMinute
from app.notices.posting import post_notices
from app.notices.writing import notify
from tests.cast import House
from tests.delivery.test_network import held
from tests.smtp import MailServer


@pytest.fixture
def two_a_minute(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "MAIL_PER_MINUTE", 2)
    # A minute that does not end in the middle of a test.
    whole = database_now().replace(microsecond=0)
    monkeypatch.setattr(quota, "_minute", lambda _now: whole)
    monkeypatch.setattr(quota, "_seconds_left", lambda _now: 60.0)


def drop(house: House, count: int) -> None:
    for number in range(count):
        house.drop(f"{number}.pdf")


def attempts() -> Counter[tuple[str, int]]:
    found = db.session.execute(select(Delivery.state, Delivery.attempts)).all()
    db.session.commit()
    return Counter((state, number) for state, number in found)


def a_minute_passes() -> None:
    for row in db.session.scalars(select(MailMinute)):
        row.minute -= timedelta(minutes=1)
    db.session.commit()


@pytest.mark.usefixtures("two_a_minute")
def test_a_full_minute_is_waited_for_and_the_rest_leaves_in_the_next(
    house: House, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(house, 5)
    waited: list[int] = []

    def pause(_seconds: float) -> None:
        assert held(db.engine.url) == []
        waited.append(len(post.messages))
        a_minute_passes()

    monkeypatch.setattr(quota, "pause", pause)
    monkeypatch.setattr(quota, "_seconds_left", lambda _now: 0.001)
    assert tick.run()["accepted"] == 5
    assert waited == [2, 4]
    assert db.session.scalars(select(MailMinute.begun)).all() == [2, 2, 1]
    db.session.commit()


@pytest.mark.usefixtures("two_a_minute")
def test_told_to_stop_while_it_waits_it_gives_back_what_it_holds_uncharged(
    house: House, post: MailServer
) -> None:
    drop(house, 5)
    result = tick.run(should_stop=lambda: len(post.messages) == 2)
    assert result["accepted"] == 2
    assert attempts() == {("accepted", 1): 2, ("pending", 0): 3}


@pytest.mark.usefixtures("two_a_minute")
def test_the_leases_are_kept_while_it_waits(
    house: House, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(house, 3)
    monkeypatch.setattr("app.delivery.claiming.RENEW_SECONDS", 0)
    seen: list[datetime] = []

    def pause(_seconds: float) -> None:
        until = db.session.scalar(
            select(Delivery.lease_until).filter_by(state="sending")
        )
        db.session.commit()
        assert until
        seen.append(until)

    monkeypatch.setattr(quota, "pause", pause)
    tick.run(should_stop=lambda: len(seen) == 2)
    assert seen[1] > seen[0]


@pytest.mark.usefixtures("two_a_minute")
def test_two_workers_at_once_share_the_minute(
    app: Flask, house: House, post: MailServer
) -> None:
    drop(house, 8)
    is_over = threading.Event()

    def run() -> None:
        with app.app_context():
            tick.run(should_stop=is_over.is_set)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    threading.Event().wait(1)
    is_over.set()
    for thread in threads:
        thread.join(30)
    assert len(post.messages) == 2
    assert db.session.scalars(select(MailMinute.begun)).all() == [2]
    db.session.commit()


@pytest.mark.usefixtures("two_a_minute")
def test_what_the_portal_writes_itself_counts_and_does_not_wait(
    house: House, post: MailServer
) -> None:
    for _ in range(3):
        notify("olga@firm.test", kind="x", subject="x", text="x", firm=house.firm)
    db.session.commit()
    assert post_notices() == 3
    drop(house, 1)
    asked: list[int] = []

    def should_stop() -> bool:
        asked.append(1)
        return len(asked) > 2  # once it has found the minute full

    assert tick.run(should_stop=should_stop)["accepted"] == 0
    assert db.session.scalars(select(MailMinute.begun)).all() == [3]
    db.session.commit()


def test_without_limit_nothing_is_asked(house: House, post: MailServer) -> None:
    house.drop()
    said: list[str] = []

    def listen(_c: object, _d: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    tick.run()
    event.remove(db.engine, "before_cursor_execute", listen)
    assert not [statement for statement in said if "mail_minutes" in statement]


def test_minutes_that_are_long_over_are_forgotten(
    app: Flask, house: House, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAIL_PER_MINUTE", 100)
    long_ago = database_now() - timedelta(hours=2)
    db.session.add(MailMinute(minute=long_ago, begun=3))
    db.session.commit()
    house.drop()
    tick.run()
    assert db.session.scalars(select(MailMinute.begun)).all() == [1]
    db.session.commit()
