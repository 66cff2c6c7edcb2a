"""A tool that takes so many messages a day gets no more than that."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.connectors import apps
from app.db import database_now, db
from app.delivery import tick
from app.delivery.models import Delivery
from tests.cast import House
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
