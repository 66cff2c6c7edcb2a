"""An address in trouble does not take the run's time from the others."""

from sqlalchemy import select

from app.connectors import switches
from app.db import db
from app.delivery import tick
from app.delivery.models import Delivery
from tests.cast import House
from tests.delivery.world import let_time_pass
from tests.smtp import MailServer


def test_after_three_in_a_row_the_others_wait_uncharged(
    house: House, post: MailServer
) -> None:
    for number in range(6):
        house.drop(f"{number}.pdf")
    post.fails("rcpt", "451 4.3.0 Mailbox busy", times=99)
    counts = tick.run()
    assert (counts["deferred"], counts["postponed"]) == (3, 3)
    attempts = sorted(db.session.scalars(select(Delivery.attempts)))
    assert attempts == [0, 0, 0, 1, 1, 1]


def test_the_other_companies_are_served_in_the_same_run(
    house: House, post: MailServer
) -> None:
    elm = house.connect(company=house.elm)
    folder = house.folder(company=house.elm)
    switches.set_switch(folder, elm, "purchases", "on", by=None)
    db.session.commit()
    for number in range(5):
        house.drop(f"d{number}.pdf")
    post.fails("rcpt", "451 4.3.0 Mailbox busy", times=5)
    tick.run()
    house.drop("e.pdf", company=house.elm)
    post.faults.clear()
    assert tick.run()["accepted"] == 1


def test_what_was_postponed_leaves_once_the_address_is_well_again(
    house: House, post: MailServer
) -> None:
    for number in range(5):
        house.drop(f"{number}.pdf")
    post.fails("rcpt", "451 4.3.0 Mailbox busy", times=3)
    tick.run()
    let_time_pass()
    assert tick.run()["accepted"] == 5
    assert len(post.messages) == 5
