"""An address that does not answer waits for itself, and for nobody else."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.db import database_now, db
from app.delivery import reaping, tick, troubles
from app.delivery.claiming import claim
from app.delivery.models import Delivery, Outage, Trouble
from app.storage import StorageUnavailable
from tests.cast import House
from tests.delivery.world import (
    change,
    delivery_of,
    let_time_pass,
    state_of,
    switch_elm_on,
)
from tests.smtp import MailServer

ADDRESS = "in@tool.test"
DUNE = "purchases.dune-alder@tool.test"


@pytest.fixture
def dead(house: House, post: MailServer) -> MailServer:
    """Dune's address puts off all that comes; five wait for it, and a run knows it."""
    switch_elm_on(house)
    for number in range(5):
        house.drop(f"d{number}.pdf")
    post.unknown[DUNE] = "451 4.4.1 No answer from host"
    tick.run()
    return post


def tried(post: MailServer) -> int:
    return sum(words.lower().startswith(f"rcpt to:<{DUNE}>") for words in post.commands)


def test_after_three_failures_in_a_row_it_is_left_alone(app: Flask) -> None:
    assert [troubles.failed(ADDRESS, "451 Busy") for _ in range(3)] == [
        False,
        False,
        True,
    ]
    trouble = troubles.waiting_for(ADDRESS)
    assert trouble is not None
    assert (trouble.failures, trouble.said) == (3, "451 Busy")
    assert timedelta(0) < trouble.retry_at - database_now() < timedelta(minutes=1.3)
    troubles.failed(ADDRESS, "451 Busy")
    trouble = troubles.waiting_for(ADDRESS)
    assert trouble is not None
    assert trouble.retry_at - trouble.since > timedelta(minutes=3.9)
    troubles.over(ADDRESS)
    assert troubles.waiting_for(ADDRESS) is None


def test_the_one_try_is_one_worker_s_only(app: Flask) -> None:
    for _ in range(3):
        troubles.failed(ADDRESS, "451 Busy")
    trouble = db.session.get_one(Trouble, ADDRESS)
    assert not troubles.take(trouble, database_now())
    later = database_now() + timedelta(minutes=2)
    assert troubles.take(trouble, later)
    assert not troubles.take(trouble, later)


def test_what_was_not_tried_for_a_day_is_forgotten(app: Flask) -> None:
    long_ago = database_now() - timedelta(days=2)
    db.session.add(Trouble(address="old@tool.test", failures=5, retry_at=long_ago))
    db.session.add(Trouble(address="new@tool.test", failures=5))
    db.session.commit()
    troubles.sweep()
    db.session.commit()
    assert list(troubles.everything()) == ["new@tool.test"]


def test_the_next_run_leaves_it_alone_and_charges_nobody(
    house: House, dead: MailServer
) -> None:
    assert tried(dead) == 3
    db.session.execute(update(Delivery).values(not_before=database_now()))
    db.session.commit()
    house.drop("e.pdf", company=house.elm)
    assert tick.run()["accepted"] == 1
    assert tried(dead) == 3
    waiting = select(Delivery.attempts).where(Delivery.state != "accepted")
    assert sorted(db.session.scalars(waiting)) == [0, 0, 1, 1, 1]
    db.session.commit()


def test_when_its_time_has_come_one_message_tries_it_after_the_others(
    house: House, dead: MailServer
) -> None:
    let_time_pass()
    for number in range(3):
        house.drop(f"e{number}.pdf", company=house.elm)
    dead.commands.clear()
    result = tick.run()
    assert (result["accepted"], result["deferred"]) == (3, 1)
    assert tried(dead) == 1
    assert DUNE in [w for w in dead.commands if w.lower().startswith("rcpt")][-1]
    assert tick.run()["claimed"] == 0


def test_success_lets_all_that_waited_leave_in_the_same_run(
    house: House, dead: MailServer
) -> None:
    let_time_pass()
    dead.unknown.clear()
    assert tick.run()["accepted"] == 5
    assert troubles.everything() == {}


def test_a_refusal_for_good_is_an_answer_too(house: House, dead: MailServer) -> None:
    let_time_pass()
    dead.unknown[DUNE] = "550 5.1.1 No such user"
    tick.run()
    assert troubles.everything() == {}
    db.session.commit()


def test_what_waits_behind_it_is_given_up_after_five_days_all_the_same(
    house: House, dead: MailServer
) -> None:
    waiting = house.drop("late.pdf")
    long_ago = database_now() - timedelta(days=5, minutes=1)
    change(waiting, created_at=long_ago, not_before=long_ago)
    assert tick.run()["failed"] == 1
    assert state_of(waiting) == ("failed", "expired")
    assert "No answer from host" in (delivery_of(waiting).last_text or "")


def test_one_address_whose_line_is_cut_does_not_make_the_server_ill(
    house: House, post: MailServer
) -> None:
    for number in range(5):
        house.drop(f"{number}.pdf")
    post.fails("rcpt", times=99)
    result = tick.run()
    assert "error" not in result
    assert (result["deferred"], result["postponed"]) == (3, 2)
    assert troubles.waiting_for(DUNE) is not None
    assert db.session.scalars(select(Outage)).all() == []
    db.session.commit()


def test_our_own_store_does_not_put_the_address_in_trouble(
    app: Flask, house: House, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_key: str) -> None:
        raise StorageUnavailable("no answer")

    monkeypatch.setattr(app.extensions["guichet.storage"], "open", away)
    for number in range(5):
        house.drop(f"{number}.pdf")
    assert tick.run()["deferred"] == 5
    assert troubles.everything() == {}
    db.session.commit()


def test_a_worker_that_is_lost_while_it_tries_leaves_the_next_try_for_later(
    house: House, dead: MailServer
) -> None:
    let_time_pass()
    assert len(claim("lost")) == 1
    assert claim("another") == []
    let_time_pass(3)
    assert reaping.reap() == 1
