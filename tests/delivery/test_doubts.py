"""What a doubt comes to when somebody acts at the same moment."""

import pytest

from app.delivery import cancelling, reaping, tick
from app.delivery.retries import next_try
from tests.cast import House
from tests.delivery.world import (
    change,
    claimed_by_a_lost_worker,
    delivery_of,
    let_time_pass,
    state_of,
)
from tests.smtp import MailServer


def test_a_doubt_is_not_repeated_when_it_was_asked_to_stop(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    claimed_by_a_lost_worker(done, "in_doubt")
    cancelling.cancel_waiting(document_ids=[done.document.id], why="moved_out")
    tick.run()
    assert state_of(done) == ("unknown", "ambiguous")


def test_a_stop_asked_for_while_the_doubt_is_settled_is_not_forgotten(
    house: House, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = house.drop()
    claimed_by_a_lost_worker(done, "in_doubt")

    def asked_meanwhile(*given: object) -> object:
        change(done, cancel_requested=True)
        return next_try(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(reaping, "next_try", asked_meanwhile)
    reaping.reap()
    assert (delivery_of(done).state, delivery_of(done).cancel_requested) == (
        "in_doubt",
        True,
    )
    monkeypatch.undo()
    reaping.reap()
    assert state_of(done) == ("unknown", "ambiguous")


def test_the_repeat_of_a_doubt_says_the_very_same(
    house: House, smtp: MailServer
) -> None:
    done = house.drop("Relevé d’avril.pdf")
    smtp.fails("ack")
    tick.run()
    done.document.name = "Autre nom.pdf"
    for _ in range(2):
        let_time_pass(60)
        tick.run()
    first, second = (mail.raw for mail in smtp.messages)
    assert second.replace(b"X-Delivery-Attempt: 2\r\n", b"") == first
    assert delivery_of(done).ambiguous == 1


def test_a_retry_after_a_clear_refusal_keeps_its_id_and_date(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    smtp.fails("dot", "451 4.7.1 Later")
    tick.run()
    before = delivery_of(done)
    let_time_pass()
    tick.run()
    (mail,) = smtp.messages
    assert mail.message_id == before.message_id
    assert mail.message["Date"].datetime == before.message_date
    assert mail.message["X-Delivery-Attempt"] is None
