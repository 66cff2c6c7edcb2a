"""A run with much to send does so over several lines at once."""

import threading
from collections import Counter

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select

from app.db import db
from app.delivery import acceptance, tick
from app.delivery.answers import Reply
from app.delivery.claiming import A_CLAIM, Claim
from app.delivery.ledger import Ledger
from app.delivery.models import Delivery, Outage
from app.delivery.recorder import Unrecorded
from tests.cast import House
from tests.smtp import MailServer

LINES = 3


@pytest.fixture(autouse=True)
def three_lines(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    if db.session.get_bind().dialect.name == "sqlite":
        pytest.skip("one writer, one line")
    monkeypatch.setitem(app.config, "MAIL_LINES", LINES)


def drop(house: House, count: int) -> None:
    for number in range(count):
        house.drop(f"{number:03}.pdf")


def states() -> Counter[str]:
    found = Counter(db.session.scalars(select(Delivery.state)))
    db.session.commit()
    return found


def test_each_message_leaves_once_and_all_are_counted(
    house: House, post: MailServer
) -> None:
    many = 3 * A_CLAIM + 3
    drop(house, many)
    post.fails("dot", wait=0.005, times=many)
    counts = tick.run()
    assert (counts["claimed"], counts["accepted"]) == (many, many)
    assert Counter(Counter(post.ids()).values()) == {1: many}
    assert states() == {"accepted": many}
    assert post.connections == LINES


def test_a_few_messages_go_over_one_line(house: House, post: MailServer) -> None:
    drop(house, A_CLAIM - 1)
    assert tick.run()["accepted"] == A_CLAIM - 1
    assert post.connections == 1


def test_a_message_that_takes_long_keeps_only_its_own_line_waiting(
    house: House, post: MailServer
) -> None:
    many = 3 * A_CLAIM
    drop(house, many)
    have_left: list[int] = []
    are_through = threading.Event()

    def until_the_others_are_through() -> None:
        are_through.wait(20)
        have_left.append(len(post.messages))

    def watch() -> None:
        while len(post.messages) < many - A_CLAIM and not is_over.wait(0.01):
            pass
        are_through.set()

    is_over = threading.Event()
    watcher = threading.Thread(target=watch)
    watcher.start()
    post.fails("dot", call=until_the_others_are_through)
    counts = tick.run()
    is_over.set()
    watcher.join(10)
    assert have_left == [many - A_CLAIM]
    assert counts["accepted"] == many


def test_a_server_that_takes_one_line_gets_everything_over_it(
    house: House, post: MailServer
) -> None:
    many = 3 * A_CLAIM
    drop(house, many)
    post.fails("connect", "421 4.7.0 Too many lines", times=99, after=1)
    counts = tick.run()
    assert counts == tick_counts(claimed=many, accepted=many)
    assert db.session.scalars(select(Outage)).all() == []


def tick_counts(**given: int) -> dict[str, int]:
    return dict.fromkeys((*tick.COUNTED, "reaped"), 0) | given


def test_while_the_server_is_away_one_line_tries_it(
    house: House, post: MailServer
) -> None:
    drop(house, 3 * A_CLAIM)
    post.fails("connect", "421 4.3.2 Closing", times=99)
    assert "Closing" in tick.run()["error"]
    before = post.connections
    assert "Closing" in tick.run()["error"]
    assert post.connections == before + 1
    assert states() == {"pending": 3 * A_CLAIM}


def test_what_cannot_be_recorded_stops_every_line(
    house: House, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = 7 * A_CLAIM
    drop(house, many)
    post.fails("dot", wait=0.05, times=many)
    real, calls = acceptance.begin, []

    def begin(claimed: Claim, reply: Reply, ledger: Ledger) -> None:
        calls.append(claimed.id)
        if len(calls) == A_CLAIM + 5:
            raise psycopg.OperationalError("gone")
        real(claimed, reply, ledger)

    def accepted(_claim: Claim, _reply: Reply) -> None:
        raise OSError("gone for good")

    monkeypatch.setattr(acceptance, "begin", begin)
    monkeypatch.setattr(acceptance, "accepted", accepted)
    with pytest.raises(Unrecorded):
        tick.run()
    left = states()
    assert (left["in_doubt"], left["sending"]) == (1, 1), "it, and the one behind it"
    assert len(post.messages) < many / 2
