"""A tool that takes so many messages a day gets no more than that."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.connectors import apps
from app.db import database_now, db
from app.delivery import ceilings, claiming, tick
from app.delivery.claiming import Claim
from app.delivery.models import Delivery
from app.delivery.why import why
from app.formats import fulltime
from app.library.deposit import Deposited
from tests.cast import House
from tests.delivery.world import change, delivery_of
from tests.smtp import MailServer


@pytest.fixture
def three_a_day(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setitem(vars(apps.get("quickbooks")), "daily_ceiling", 3)
    return house


def test_what_is_over_the_ceiling_waits_and_leaves_the_day_after(
    three_a_day: House, post: MailServer
) -> None:
    for number in range(5):
        three_a_day.drop(f"{number}.pdf")
    assert tick.run()["accepted"] == 3
    assert tick.run()["accepted"] == 0
    db.session.execute(
        update(Delivery).values(accepted_at=database_now() - timedelta(hours=25))
    )
    db.session.commit()
    assert tick.run()["accepted"] == 2
    names = [mail.file_name for mail in post.messages]
    assert names == [f"{number}.pdf" for number in range(5)]


def test_another_company_has_a_ceiling_of_its_own(
    three_a_day: House, post: MailServer
) -> None:
    from app.connectors import switches

    elm = three_a_day.connect(company=three_a_day.elm)
    folder = three_a_day.folder(company=three_a_day.elm)
    switches.set_switch(folder, elm, "purchases", "on", by=None)
    db.session.commit()
    for number in range(4):
        three_a_day.drop(f"d{number}.pdf")
        three_a_day.drop(f"e{number}.pdf", company=three_a_day.elm)
    assert tick.run()["accepted"] == 6


def test_what_may_have_left_counts_as_sent(
    three_a_day: House, post: MailServer
) -> None:
    three_a_day.drop("doubt.pdf")
    db.session.execute(update(Delivery).values(state="unknown"))
    db.session.commit()
    for number in range(4):
        three_a_day.drop(f"{number}.pdf")
    assert tick.run()["accepted"] == 2
    waiting = db.session.scalars(select(Delivery).filter_by(state="pending")).all()
    assert len(waiting) == 2


def test_what_may_have_left_two_days_ago_takes_no_place(
    three_a_day: House, post: MailServer
) -> None:
    doubt = three_a_day.drop("doubt.pdf")
    before = database_now() - timedelta(days=2)
    change(doubt, state="unknown", settled_at=before)
    for number in range(4):
        three_a_day.drop(f"{number}.pdf")
    assert tick.run()["accepted"] == 3


def test_what_is_over_knows_when_its_place_is_free(
    three_a_day: House, post: MailServer
) -> None:
    drops = [three_a_day.drop(f"{number}.pdf") for number in range(5)]
    assert ceilings.reached(delivery_of(drops[2])) is None
    assert ceilings.reached(delivery_of(drops[3])) is not None
    tick.run()
    now = database_now()
    for hours, done in zip((20, 10, 5), drops, strict=False):
        change(done, accepted_at=now - timedelta(hours=hours))
    first, second = (ceilings.reached(delivery_of(done)) for done in drops[3:])
    assert first == now + timedelta(hours=4)
    assert second == now + timedelta(hours=14)


def test_what_is_over_for_days_says_on_which_day_it_leaves(
    three_a_day: House, post: MailServer
) -> None:
    """Nobody is told «tomorrow» of what is three days away."""
    drops = [three_a_day.drop(f"{number}.pdf") for number in range(10)]
    now = database_now()

    def days() -> list[int]:
        free = (ceilings.reached(delivery_of(done)) for done in drops)
        return [round((at - now) / timedelta(days=1)) if at else 0 for at in free]

    assert days() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]
    tick.run()
    assert days()[3:] == [1, 1, 1, 2, 2, 2, 3]
    [first, *_rest, last] = [said(done) for done in drops[3:]]
    assert "demain" in first
    assert "demain" not in last
    assert fulltime(now + timedelta(days=3))[:12] in last
    change(drops[0], accepted_at=now - timedelta(hours=30))
    assert days()[3:] == [0, 1, 1, 1, 2, 2, 2]


def said(done: Deposited) -> str:
    db.session.expire_all()
    [because] = why(done.document)
    return because.text


def test_a_tool_without_ceiling_keeps_nothing_waiting(
    house: House, post: MailServer
) -> None:
    assert ceilings.reached(delivery_of(house.drop())) is None


def test_two_who_claim_at_once_take_no_more_than_the_ceiling_together(
    three_a_day: House, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one claims when the first has counted, and not yet committed."""
    for number in range(5):
        three_a_day.drop(f"{number}.pdf")
    real, has_counted, is_done = claiming._take, Event(), Event()

    def take(owner: str, *given: Any) -> list[Claim]:
        taken = real(owner, *given)
        if owner == "first":
            has_counted.set()
            is_done.wait(1)
        return taken

    monkeypatch.setattr(claiming, "_take", take)

    def one(owner: str) -> int:
        with app.app_context():
            return len(claiming.claim(owner, most=2))

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(one, "first")
        assert has_counted.wait(10)
        taken = one("second")
        is_done.set()
        taken += first.result(10)
    assert taken + one("third") == 3
