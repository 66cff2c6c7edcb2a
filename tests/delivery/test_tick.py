"""The automaton's run: what is due leaves, once, and is said to have left."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.activity.models import Entry
from app.connectors import switches
from app.connectors.models import Connection
from app.db import database_now, db
from app.delivery import tick
from app.delivery.models import Delivery, Tick
from tests.cast import House
from tests.delivery.world import (
    attempts_of,
    change,
    claimed_by_a_lost_worker,
    delivery_of,
    document_of,
    let_time_pass,
    state_of,
    tried_before,
    verbs_of,
)
from tests.files import padded_pdf
from tests.smtp import MailServer


def test_what_is_due_leaves_and_is_validated(house: House, smtp: MailServer) -> None:
    done = house.drop("Facture été.pdf", content=padded_pdf(144_000))
    result = tick.run()
    assert (result["claimed"], result["accepted"]) == (1, 1)
    (mail,) = smtp.messages
    delivery = delivery_of(done)
    assert delivery.state == "accepted"
    assert mail.content == padded_pdf(144_000)
    assert mail.file_name == "Facture été.pdf"
    assert mail.recipient == delivery.destination == "purchases.dune-alder@tool.test"
    assert mail.sender == delivery.sender
    assert mail.message_id == delivery.message_id
    assert delivery.provider_id == "TEST000001"
    document = document_of(done)
    assert (document.status, document.validated_by_id) == ("validated", None)
    assert document.validated_at == delivery.accepted_at


def test_the_trail_and_the_attempt_tell_of_it(house: House, smtp: MailServer) -> None:
    done = house.drop()
    tick.run()
    assert verbs_of(done) == ["deposited", "transmitted", "validated"]
    (attempt,) = attempts_of(done)
    assert (attempt.phase, attempt.code, attempt.enhanced_code) == (
        "done",
        250,
        "2.0.0",
    )
    assert attempt.bytes_sent > 0
    entry = db.session.scalars(select(Entry).where(Entry.verb == "transmitted")).one()
    assert entry.is_firm_only
    assert entry.position is not None
    connection = db.session.scalars(select(Connection)).one()
    assert connection.last_success_at is not None


def test_a_second_run_finds_nothing_to_do(house: House, smtp: MailServer) -> None:
    house.drop()
    tick.run()
    assert tick.run()["claimed"] == 0
    assert len(smtp.messages) == 1


@pytest.mark.usefixtures("one_line")
def test_one_line_serves_many_messages(house: House, smtp: MailServer) -> None:
    for number in range(25):
        house.drop(f"{number}.pdf")
    assert tick.run()["accepted"] == 25
    assert smtp.connections == 1
    assert len(set(smtp.ids())) == 25


@pytest.mark.usefixtures("one_line")
def test_companies_take_turns(house: House, smtp: MailServer) -> None:
    elm = house.connect(company=house.elm)
    db.session.commit()
    for number in range(30):
        house.drop(f"{number}.pdf")
    folder = house.folder(company=house.elm)
    switches.set_switch(folder, elm, "purchases", "on", by=None)
    db.session.commit()
    house.drop("seule.pdf", company=house.elm)
    tick.run()
    names = [mail.file_name for mail in smtp.messages]
    assert names.index("seule.pdf") <= 1


def test_what_a_person_refused_stays_refused(house: House, smtp: MailServer) -> None:
    done = house.drop()
    done.document.status = "rejected"
    db.session.commit()
    tick.run()
    assert state_of(done) == ("accepted", None)
    assert document_of(done).status == "rejected"
    assert "validated" not in verbs_of(done)


def test_what_a_person_validated_stays_theirs(house: House, smtp: MailServer) -> None:
    done = house.drop()
    done.document.status = "validated"
    done.document.validated_by_id = house.admin.id
    db.session.commit()
    tick.run()
    assert state_of(done) == ("accepted", None)
    assert document_of(done).validated_by_id == house.admin.id


def test_the_name_attached_is_the_name_shown(house: House, smtp: MailServer) -> None:
    done = house.drop("scan0001.pdf")
    done.document.name = "Facture Durand.pdf"
    db.session.commit()
    tick.run()
    assert smtp.messages[0].file_name == "Facture Durand.pdf"


def test_the_first_worker_keeps_the_log_of_a_slot(
    house: House, smtp: MailServer
) -> None:
    slot = datetime(2026, 11, 25, 10, 15, tzinfo=UTC)
    house.drop()
    tick.run(slot)
    tick.run(slot)
    row = db.session.scalars(select(Tick)).one()
    assert (row.slot, row.claimed, row.accepted) == (slot, 1, 1)
    assert row.finished_at is not None


def test_a_lost_lease_before_the_marker_is_taken_up_again(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    claimed_by_a_lost_worker(done)
    assert tick.run()["accepted"] == 1
    delivery = delivery_of(done)
    assert (delivery.token, delivery.ambiguous) == (8, 0)


def test_a_doubt_is_repeated_once_under_the_same_id(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    claimed_by_a_lost_worker(done, "in_doubt")
    tick.run()
    assert state_of(done) == ("deferred", None)
    let_time_pass()
    tick.run()
    (mail,) = smtp.messages
    assert mail.message_id == delivery_of(done).message_id
    assert mail.message["X-Delivery-Attempt"] == "2"
    assert delivery_of(done).ambiguous == 1


def test_a_second_doubt_asks_for_a_person(house: House, smtp: MailServer) -> None:
    done = house.drop()
    claimed_by_a_lost_worker(done, "in_doubt")
    change(done, ambiguous=1)
    tick.run()
    assert state_of(done) == ("unknown", "ambiguous")
    let_time_pass(60)
    tick.run()
    assert smtp.messages == []


def test_a_doubt_never_repeats_to_another_address(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    claimed_by_a_lost_worker(done, "in_doubt")
    change(done, destination="before@tool.test")
    tick.run()
    assert state_of(done) == ("unknown", "ambiguous")


def test_an_address_that_changes_after_the_doubt_stops_the_repeat(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    claimed_by_a_lost_worker(done, "in_doubt")
    tick.run()
    change(done, destination="before@tool.test")
    let_time_pass()
    tick.run()
    assert state_of(done) == ("unknown", "ambiguous")
    assert smtp.messages == []


def test_what_waits_behind_a_revoked_connection_is_held(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    claimed_by_a_lost_worker(done)
    connection = db.session.scalars(select(Connection)).one()
    connection.revoked_at = database_now()
    db.session.commit()
    assert tick.run()["held"] == 1
    assert state_of(done) == ("held", "revoked")


def test_an_archived_company_sends_nothing(house: House, smtp: MailServer) -> None:
    done = house.drop()
    house.dune.archived_at = database_now()
    db.session.commit()
    tick.run()
    assert state_of(done) == ("pending", None)


def test_what_fails_for_five_days_is_given_up(house: House, smtp: MailServer) -> None:
    done = house.drop()
    smtp.fails("rcpt", "450 4.2.0 Later", times=99)
    tick.run()
    tried_before(done, days=5.01)
    let_time_pass()
    tick.run()
    assert state_of(done) == ("failed", "expired")


def test_stopping_gives_back_what_was_not_begun(house: House, smtp: MailServer) -> None:
    for number in range(5):
        house.drop(f"{number}.pdf")
    result = tick.run(should_stop=lambda: len(smtp.messages) >= 2)
    assert result["accepted"] == 2
    states = dict(
        db.session.execute(
            select(Delivery.state, func.count()).group_by(Delivery.state)
        ).all()
    )
    assert states == {"accepted": 2, "pending": 3}
    waiting = db.session.scalars(select(Delivery).where(Delivery.state == "pending"))
    assert {row.attempts for row in waiting} == {0}


def test_one_that_cannot_be_sent_does_not_stop_the_others(
    app: Flask, house: House, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = house.drop("a.pdf")
    good = house.drop("b.pdf")
    connection = db.session.scalars(select(Connection)).one()
    real = connection.bot_address
    change(bad, message_id="<bad\r\nBcc: x@evil.test>")
    change(bad, destination=None)
    monkeypatch.setattr("app.delivery.message.clean", _refusing_bad_ones)
    result = tick.run()
    assert (result["accepted"], result["deferred"]) == (1, 1)
    assert state_of(bad) == ("deferred", None)
    assert state_of(good) == ("accepted", None)
    assert smtp.messages[0].sender == real


def _refusing_bad_ones(value: str) -> str:
    if "@evil.test" in value:  # an id may well spell "bad"
        raise RuntimeError("cannot be written")
    return value
