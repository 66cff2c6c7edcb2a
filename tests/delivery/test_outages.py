"""The mail server is away, or does not know us any more: one message tries it, nobody
is charged, and the operators hear of it."""

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.db import database_now, db
from app.delivery import outages, tick
from app.delivery.claiming import claim
from app.delivery.models import Delivery, Outage
from app.notices.models import Notice
from tests.cast import House, World, signed_in
from tests.smtp import MailServer


def rows() -> list[Outage]:
    every = select(Outage).order_by(Outage.began_at)
    found = db.session.scalars(every.execution_options(populate_existing=True)).all()
    db.session.commit()
    return list(found)


def notices() -> list[tuple[str, str]]:
    found = db.session.scalars(
        select(Notice).where(Notice.kind == "mail_outage").order_by(Notice.id)
    )
    told = [(notice.recipient, notice.subject) for notice in found]
    db.session.commit()
    return told


def mails(post: MailServer) -> int:
    return sum(words.lower().startswith("mail") for words in post.commands)


def began(minutes: float) -> None:
    earlier = database_now() - timedelta(minutes=minutes)
    db.session.execute(update(Outage).values(began_at=earlier))
    db.session.commit()


@pytest.fixture
def waiting(house: House) -> House:
    for number in range(5):
        house.drop(f"{number}.pdf")
    return house


def test_it_is_written_down_once_and_ends_with_the_first_message_accepted(
    waiting: House, post: MailServer
) -> None:
    post.fails("connect", "421 4.3.2 Closing", times=2)
    tick.run()
    tick.run()
    (row,) = rows()
    assert (row.times, row.is_credentials, row.ended_at) == (2, False, None)
    assert "4.3.2 Closing" in row.said
    assert tick.run()["accepted"] == 5
    assert rows()[0].ended_at is not None
    assert notices() == []  # it was short


def test_while_it_lasts_a_run_tries_one_message_only(
    waiting: House, post: MailServer
) -> None:
    post.fails("connect", "421 4.3.2 Closing")
    tick.run()
    post.fails("mail", "421 4.3.2 Closing")
    result = tick.run()
    assert (result["claimed"], mails(post)) == (1, 1)
    attempts = set(db.session.scalars(select(Delivery.attempts)))
    db.session.commit()
    assert attempts == {0}


def test_credentials_that_are_refused_are_told_to_the_operators_at_once_and_once(
    world: World, waiting: House, post: MailServer
) -> None:
    post.fails("mail", "535 5.7.8 Bad credentials", times=3)
    for _ in range(3):
        tick.run()
    assert [row.is_credentials for row in rows()] == [True]
    assert notices() == [
        ("op@guichet.test", "Le serveur d’envoi refuse nos identifiants")
    ]
    tick.run()
    assert notices()[1:] == [
        ("op@guichet.test", "Le serveur d’envoi accepte de nouveau les messages")
    ]


def test_a_server_that_is_away_is_told_after_half_an_hour_and_when_it_is_back(
    world: World, waiting: House, post: MailServer
) -> None:
    post.fails("connect", "421 4.3.2 Closing", times=4)
    tick.run()
    began(29)
    tick.run()
    assert notices() == []
    began(31)
    tick.run()
    tick.run()
    assert [subject for _, subject in notices()] == ["Le serveur d’envoi ne répond pas"]
    tick.run()
    assert len(notices()) == 2
    (notice,) = db.session.scalars(
        select(Notice).where(Notice.subject.contains("ne répond pas"))
    )
    assert notice.firm_id is None
    db.session.commit()


def test_while_one_worker_tries_the_others_do_not(
    app: Flask, waiting: House, post: MailServer
) -> None:
    outages.note("away", 0)
    assert len(claim("first", most=1)) == 1
    result = tick.run()
    assert (result["claimed"], post.connections) == (0, 0)
    assert "another worker" in result["error"]


def test_of_many_workers_at_once_one_tries(
    app: Flask, waiting: House, post: MailServer
) -> None:
    outages.note("away", 0)
    together = threading.Barrier(4)
    post.fails("mail", "421 4.3.2 Closing", wait=0.5, times=9)

    def run() -> None:
        with app.app_context():
            together.wait()
            tick.run()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert mails(post) == 1


def test_when_nothing_is_due_a_greeting_ends_it(house: House, post: MailServer) -> None:
    outages.note("away", 0)
    post.fails("connect", "421 4.3.2 Closing")
    assert "error" in tick.run()
    assert rows()[0].times == 2
    assert "error" not in tick.run()
    assert rows()[0].ended_at is not None


def test_two_kinds_may_last_at_once_and_end_together(
    waiting: House, post: MailServer
) -> None:
    outages.note("away", 0)
    outages.note("535 who?", 535)
    assert len(rows()) == 2
    tick.run()
    assert all(row.ended_at for row in rows())
    outages.note("away", 0)
    assert len(rows()) == 3


@pytest.mark.parametrize("path", ["/", "/deliveries"])
def test_the_firm_reads_that_nothing_is_lost_and_the_client_nothing(
    app: Flask, house: House, path: str
) -> None:
    words = "The mail server has not answered since"
    outages.note("away", 0)
    ben = signed_in(app, house.staff)
    ben.set_cookie("locale", "en", domain="alder.guichet.test")
    dora = signed_in(app, house.manager)
    dora.set_cookie("locale", "en", domain="alder.guichet.test")
    assert words in ben.get(path).text
    assert words not in dora.get(path).text
    outages.over()
    assert words not in ben.get(path).text
