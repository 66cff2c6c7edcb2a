"""The mail server fails at every phase: nothing is lost, nothing silently doubled."""

import pytest
from sqlalchemy import select

from app.connectors import connecting
from app.connectors.models import Connection
from app.db import db
from app.delivery import tick
from app.delivery.models import Trouble
from tests.cast import House
from tests.delivery.world import (
    delivery_of,
    document_of,
    let_time_pass,
    state_of,
    switch_elm_on,
)
from tests.files import body_for, padded_pdf
from tests.smtp import MailServer, both_ways

pytestmark = [pytest.mark.faults, both_ways]


def runs_until_nothing_is_due(most: int = 6) -> None:
    for _ in range(most):
        tick.run()
        let_time_pass(300)


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "body"])
def test_a_line_cut_before_the_dot_sends_nothing_and_is_tried_again(
    house: House, smtp: MailServer, phase: str
) -> None:
    done = house.drop(content=body_for(phase))
    smtp.fails(phase)
    assert tick.run()["deferred"] == 1
    assert smtp.messages == []
    delivery = delivery_of(done)
    assert (delivery.state, delivery.attempts, delivery.ambiguous) == ("deferred", 1, 0)
    assert document_of(done).status == "received"
    let_time_pass()
    tick.run()
    assert state_of(done) == ("accepted", None)
    assert len(smtp.messages) == 1


@pytest.mark.parametrize(
    ("phase", "reply"),
    [
        ("mail", "451 4.3.0 Try later"),
        ("rcpt", "450 4.7.1 Greylisted"),
        ("rcpt", "552 5.2.2 Mailbox full"),
        ("data", "452 4.3.1 No room"),
        ("dot", "451 4.7.1 Later"),
    ],
)
def test_a_temporary_refusal_is_tried_again_with_its_reason(
    house: House, smtp: MailServer, phase: str, reply: str
) -> None:
    done, other = house.drop("a.pdf"), house.drop("b.pdf")
    smtp.fails(phase, reply)
    assert tick.run()["deferred"] == 1
    delivery = delivery_of(done)
    assert (delivery.state, delivery.ambiguous) == ("deferred", 0)
    assert f"{delivery.last_code} {delivery.last_text}" == reply
    assert state_of(other) == ("accepted", None)
    assert smtp.connections == 1
    let_time_pass()
    tick.run()
    assert state_of(done) == ("accepted", None)


@pytest.mark.parametrize("phase", ["connect", "ehlo", "mail", "rcpt", "data", "dot"])
def test_421_stops_the_run_and_charges_nobody(
    house: House, smtp: MailServer, phase: str
) -> None:
    drops = [house.drop(f"{n}.pdf") for n in range(4)]
    smtp.fails(phase, "421 4.3.2 Closing", after=0 if phase in "connect ehlo" else 2)
    result = tick.run()
    left = result["accepted"]
    assert left == (0 if phase in "connect ehlo" else 2)
    assert "error" in result
    waiting = [delivery_of(done) for done in drops[left:]]
    assert {(d.state, d.attempts) for d in waiting} == {("pending", 0)}
    tick.run()
    assert len(smtp.messages) == len(set(smtp.ids())) == 4


def test_a_silent_server_ends_the_run_in_time(house: House, smtp: MailServer) -> None:
    done = house.drop()
    smtp.fails("connect", wait=5)
    assert "error" in tick.run()
    assert (delivery_of(done).state, delivery_of(done).attempts) == ("pending", 0)


def test_a_server_that_drips_its_replies_ends_in_time(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    smtp.fails("rcpt", drip=True)
    assert tick.run()["deferred"] == 1
    assert state_of(done) == ("deferred", None)


def test_a_closed_port_charges_nobody(
    house: House, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = house.drop()
    smtp.__exit__(None, None, None)
    assert "error" in tick.run()
    assert (delivery_of(done).state, delivery_of(done).attempts) == ("pending", 0)


def test_wrong_credentials_charge_nobody(house: House, smtp: MailServer) -> None:
    done = house.drop()
    smtp.fails("mail", "530 5.7.0 Authentication required")
    assert "error" in tick.run()
    assert (delivery_of(done).state, delivery_of(done).attempts) == ("pending", 0)


def test_a_cut_before_it_is_taken_is_a_doubt_and_repeated_once(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    smtp.fails("dot")
    assert tick.run()["in_doubt"] == 1
    assert state_of(done) == ("in_doubt", None)
    runs_until_nothing_is_due()
    assert state_of(done) == ("accepted", None)
    assert len(smtp.messages) == 1
    assert delivery_of(done).ambiguous == 1


def test_a_cut_after_it_was_taken_gives_two_copies_at_most(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    smtp.fails("ack", times=99)
    runs_until_nothing_is_due()
    assert state_of(done) == ("unknown", "ambiguous")
    assert delivery_of(done).ambiguous == 2
    first, second = smtp.messages
    assert first.message_id == second.message_id
    assert first.message["Date"] == second.message["Date"]
    assert first.content == second.content
    assert second.message["X-Delivery-Attempt"] == "2"
    assert document_of(done).status == "received"


def test_an_answer_that_is_none_is_a_doubt(house: House, smtp: MailServer) -> None:
    done = house.drop()
    smtp.fails("ack", "what?")
    tick.run()
    assert state_of(done)[0] == "in_doubt"


def test_a_late_answer_is_waited_for(house: House, smtp: MailServer) -> None:
    done = house.drop()
    smtp.fails("ack", wait=4)  # twice the patience for any other command
    tick.run()
    assert state_of(done) == ("accepted", None)
    assert len(smtp.messages) == 1


def test_b91_what_left_before_the_fault_is_validated_the_rest_goes_next(
    house: House, smtp: MailServer
) -> None:
    drops = [house.drop(f"{n}.pdf") for n in range(8)]
    smtp.fails("mail", "421 4.7.0 Too many messages", after=3)
    assert tick.run()["accepted"] == 3
    statuses = [document_of(done).status for done in drops]
    assert statuses.count("validated") == 3
    tick.run()
    assert len(smtp.messages) == len(set(smtp.ids())) == 8


def test_b91_a_server_that_hung_up_between_messages_is_called_again(
    house: House, smtp: MailServer
) -> None:
    for n in range(8):
        house.drop(f"{n}.pdf")
    smtp.fails("mail", after=3)
    assert tick.run()["accepted"] == 8
    assert smtp.connections == 2
    assert len(set(smtp.ids())) == 8


def test_b92_a_goodbye_that_fails_changes_nothing(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    smtp.fails("quit")
    assert tick.run()["accepted"] == 1
    runs_until_nothing_is_due(2)
    assert state_of(done) == ("accepted", None)
    assert len(smtp.messages) == 1


@pytest.mark.parametrize("phase", ["mail", "data", "dot"])
def test_b94_too_big_for_the_server_fails_once(
    house: House, smtp: MailServer, phase: str
) -> None:
    done = house.drop()
    smtp.fails(phase, "552 5.3.4 Message too big")
    tick.run()
    assert state_of(done) == ("failed", "too_big")
    runs_until_nothing_is_due(2)
    assert smtp.messages == []


def test_b94_too_big_for_its_announced_size_is_held_without_data(
    house: House, smtp: MailServer
) -> None:
    done = house.drop(content=padded_pdf(50_000))
    smtp.size = 40_000
    tick.run()
    assert state_of(done) == ("held", "too_big")
    assert "DATA" not in smtp.commands


def test_the_size_is_said_and_is_right(house: House, smtp: MailServer) -> None:
    house.drop("Relevé d’avril.pdf", content=padded_pdf(12_345))
    tick.run()
    (mail,) = smtp.messages
    assert f"SIZE={len(mail.raw)}" in mail.options


@pytest.mark.parametrize(
    ("phase", "reply"),
    [
        ("rcpt", "550 5.1.1 No such user"),
        ("mail", "553 5.7.1 Sender not allowed"),
        ("dot", "554 5.7.1 Sender not registered"),
    ],
)
def test_a_refused_address_or_sender_holds_the_whole_connection(
    house: House, smtp: MailServer, phase: str, reply: str
) -> None:
    drops = [house.drop(f"{n}.pdf") for n in range(3)]
    smtp.fails(phase, reply, times=99)
    tick.run()
    assert {state_of(done) for done in drops} == {("held", "refused")}
    connection = db.session.scalars(select(Connection)).one()
    assert connection.refused
    assert connection.refused.refusal == reply
    db.session.commit()
    assert len([words for words in smtp.commands if words.startswith("MAIL")]) <= 3


def test_a_corrected_address_sends_what_was_held(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    smtp.fails("rcpt", "550 5.1.1 No such user")
    tick.run()
    connection = db.session.scalars(select(Connection)).one()
    connecting.set_destination(connection, "purchases", "right@tool.test", by=None)
    db.session.commit()
    tick.run()
    assert state_of(done) == ("accepted", None)
    assert smtp.messages[0].recipient == "right@tool.test"


def test_other_permanent_refusals_fail_the_document_alone(
    house: House, smtp: MailServer
) -> None:
    done, other = house.drop("a.pdf"), house.drop("b.pdf")
    smtp.fails("dot", "554 5.6.0 Cannot read it")
    tick.run()
    assert state_of(done) == ("failed", "refused")
    assert state_of(other) == ("accepted", None)


def test_a_server_that_cuts_every_line_is_left_alone(
    house: House, smtp: MailServer
) -> None:
    switch_elm_on(house)
    for n in range(5):
        house.drop(f"{n}.pdf")
        house.drop(f"{n}.pdf", company=house.elm)
    smtp.fails("rcpt", times=99)
    assert "error" in tick.run()
    assert smtp.connections == 3
    db.session.rollback()
    assert db.session.scalars(select(Trouble)).all() == []  # not to blame
    db.session.commit()


def test_a_server_that_cuts_before_any_address_is_left_alone_by_one_address_too(
    house: House, smtp: MailServer
) -> None:
    for n in range(5):
        house.drop(f"{n}.pdf")
    smtp.fails("mail", times=99)
    assert "error" in tick.run()
    assert smtp.connections == 3


@pytest.mark.parametrize(
    ("phase", "reply"),
    [
        ("dot", "552 5.2.2 Mailbox full"),
        ("dot", "554 5.2.2 Quota exceeded"),
        ("rcpt", "550 5.2.2 Over quota"),
        ("rcpt", "552 Mailbox full"),
    ],
)
def test_a_full_mailbox_is_tried_again(
    house: House, smtp: MailServer, phase: str, reply: str
) -> None:
    """Neither is the document too large, nor the address wrong."""
    done = house.drop()
    smtp.fails(phase, reply)
    assert tick.run()["deferred"] == 1
    let_time_pass()
    tick.run()
    assert state_of(done) == ("accepted", None)


@pytest.mark.parametrize("reply", ["550 5.2.3 Too large", "552 5.3.4 Too big"])
def test_one_too_large_for_the_mailbox_leaves_the_address_alone(
    house: House, smtp: MailServer, reply: str
) -> None:
    done = house.drop()
    smtp.fails("rcpt", reply)
    tick.run()
    assert state_of(done) == ("failed", "too_big")
