"""T9: what was accepted may still come back, and its validation goes with it."""

import pytest
from flask import Flask
from sqlalchemy import select

from app.activity.models import Entry
from app.db import db
from app.delivery import by_hand, tick
from app.delivery.auditing import differences
from app.delivery.models import Delivery
from app.library.deposit import Deposited
from app.library.models import Document, Version
from app.mailroom.receiving import receive
from tests.cast import House, World, signed_in
from tests.mailroom.letters import DSN, as_bytes
from tests.smtp import MailServer

BOT = "quickbooks+dune-alder@mail.guichet.test"


@pytest.fixture
def sent(house: House, post: MailServer) -> Deposited:
    done = house.drop("Facture.pdf")
    assert tick.run()["accepted"] == 1
    db.session.expire_all()
    return done


def comes_back(done: Deposited, action: str = "failed", bot: str = BOT) -> None:
    (delivery,) = done.deliveries
    raw = as_bytes(DSN, action=action, message_id=delivery.message_id)
    db.session.commit()
    receive(raw, "", [bot])
    db.session.expire_all()


def state(done: Deposited) -> tuple[str, str]:
    (delivery,) = done.deliveries
    document = db.session.get_one(Document, done.document.id)
    return delivery.state, document.status


def test_a_bounce_takes_the_automatic_validation_back(sent: Deposited) -> None:
    assert state(sent) == ("accepted", "validated")
    comes_back(sent)
    assert state(sent) == ("bounced", "received")
    assert "No such user" in (sent.deliveries[0].last_text or "")
    verbs = list(db.session.scalars(select(Entry.verb)))
    assert verbs.count("bounced") == verbs.count("validation_taken_back") == 1
    assert list(differences()) == []


def test_the_same_bounce_again_changes_nothing(sent: Deposited) -> None:
    comes_back(sent)
    comes_back(sent)
    verbs = list(db.session.scalars(select(Entry.verb)))
    assert verbs.count("bounced") == 1


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed"])
def test_a_report_of_anything_else_is_a_note_only(sent: Deposited, action: str) -> None:
    comes_back(sent, action)
    assert state(sent) == ("accepted", "validated")


def test_a_person_s_validation_stays(house: House, sent: Deposited) -> None:
    document = db.session.get_one(Document, sent.document.id)
    document.validated_by_id = house.admin.id
    db.session.commit()
    comes_back(sent)
    assert state(sent) == ("bounced", "validated")


def test_another_tool_that_has_it_keeps_it_validated(
    house: House, sent: Deposited
) -> None:
    dext = house.connect("dext")
    version = db.session.get_one(Version, sent.deliveries[0].version_id)
    by_hand.transmit(sent.document, version, dext, "purchases", by=None)
    db.session.commit()
    assert tick.run()["accepted"] == 1
    db.session.expire_all()
    comes_back(sent)
    found = db.session.scalars(
        select(Delivery.state).where(Delivery.document_id == sent.document.id)
    ).all()
    assert sorted(found) == ["accepted", "bounced"]
    assert db.session.get_one(Document, sent.document.id).status == "validated"


def test_a_bounce_at_another_firm_s_bot_changes_nothing(
    world: World, sent: Deposited
) -> None:
    other = world.birch.connect().bot_address
    comes_back(sent, bot=other)
    assert state(sent) == ("accepted", "validated")


def test_it_may_be_sent_again_and_then_is_validated(
    house: House, sent: Deposited, post: MailServer
) -> None:
    comes_back(sent)
    by_hand.resend(sent.deliveries[0], by=None)
    db.session.commit()
    assert tick.run()["accepted"] == 1
    db.session.expire_all()
    assert db.session.get_one(Document, sent.document.id).status == "validated"
    assert len(post.messages) == 2


def test_the_firm_reads_the_words_and_the_client_that_it_is_received(
    app: Flask, house: House, sent: Deposited
) -> None:
    comes_back(sent)
    url = f"/documents/{sent.document.id}"
    told = signed_in(app, house.admin).get(url).text
    assert "No such user" in told
    assert "La validation a été retirée" in told
    seen = signed_in(app, house.manager).get(url).text
    assert "Reçu" in seen
    assert "Validé" not in seen
    assert "No such user" not in seen
