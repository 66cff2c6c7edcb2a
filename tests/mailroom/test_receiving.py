"""A message is kept whole and once for each bot, and led to what it is about."""

import hashlib
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from app.connectors.models import Connection, TestMail
from app.db import db, utc_now
from app.delivery.models import Delivery
from app.library.receiving import store
from app.mailroom import receiving
from app.mailroom.models import BotMail
from app.mailroom.receiving import UnknownRecipient, receive
from app.notices.models import Notice
from app.storage import StorageUnavailable
from tests.cast import House, World
from tests.mailroom.letters import DSN, INVITATION, REFUSAL, as_bytes

BOT = "quickbooks+dune-alder@mail.guichet.test"
RAW = as_bytes(INVITATION)


@pytest.fixture
def house(world: World) -> House:
    world.alder.connect()
    return world.alder


def mails() -> list[BotMail]:
    db.session.rollback()
    db.session.expire_all()
    found = list(db.session.scalars(select(BotMail).order_by(BotMail.id)))
    db.session.commit()  # on SQLite an open transaction keeps the door out
    return found


def files() -> int:
    root = store()._root  # type: ignore[attr-defined]
    return sum(1 for path in root.rglob("*") if path.is_file())


def dsn(message_id: str, action: str = "failed") -> bytes:
    return as_bytes(DSN, action=action, message_id=message_id)


def test_the_bytes_are_kept_as_they_came(house: House) -> None:
    receive(RAW, "bounce@intuit.example", [BOT.upper()])
    (mail,) = mails()
    assert store().open(mail.storage_key).read() == RAW
    assert mail.sha256 == hashlib.sha256(RAW).hexdigest()
    assert (mail.kind, mail.size) == ("invitation", len(RAW))
    assert (mail.firm_id, mail.company_id) == (house.firm.id, house.dune.id)
    assert mail.connection_id == house.connect().id
    assert mail.read_at is None


def test_an_unknown_address_keeps_nothing_even_beside_a_known_one(house: House) -> None:
    before = files()
    with pytest.raises(UnknownRecipient):
        receive(RAW, "", [BOT, "nobody@mail.guichet.test"])
    assert (mails(), files()) == ([], before)


def test_the_same_message_twice_is_one(house: House) -> None:
    (first,) = receive(RAW, "", [BOT])
    kept = files()
    (second,) = receive(RAW, "", [BOT])
    assert (first.is_new, second.is_new) == (True, False)
    assert first.mail_id == second.mail_id
    assert (len(mails()), files()) == (1, kept)


def test_the_same_message_twice_at_once_is_one(app: Flask, house: House) -> None:
    db.session.commit()
    before, start, taken = files(), threading.Barrier(4), []

    def come() -> None:
        with app.app_context():
            start.wait()
            taken.extend(receive(RAW, "", [BOT]))

    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 4
    assert sum(one.is_new for one in taken) == 1
    assert (len(mails()), files()) == (1, before + 1)


def test_one_message_to_two_bots_is_one_for_each(house: House) -> None:
    other = house.connect("dext").bot_address
    taken = receive(RAW, "", [other, BOT, BOT])
    assert len(taken) == 2
    found = mails()
    assert {mail.bot_address for mail in found} == {BOT, other}
    assert len({mail.storage_key for mail in found}) == 2


def test_without_the_store_nothing_is_written(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise StorageUnavailable("away")

    monkeypatch.setattr(type(store()), "writer", away)
    with pytest.raises(StorageUnavailable):
        receive(RAW, "", [BOT])
    assert mails() == []


def test_without_the_database_no_bytes_stay(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **_more: Any) -> None:
        raise OperationalError("insert", None, Exception("away"))

    before = files()
    monkeypatch.setattr(receiving, "record", away)
    with pytest.raises(OperationalError):
        receive(RAW, "", [BOT])
    assert (mails(), files()) == ([], before)


def test_when_the_commit_is_in_doubt_the_bytes_stay(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row may be there: its bytes must be too. The next try finds it."""
    commit, calls = db.session.commit, []

    def lost(at: int) -> Callable[[], None]:
        def act() -> None:
            commit()
            calls.append(1)
            if len(calls) == at:
                raise OperationalError("commit", None, Exception("no answer"))

        return act

    monkeypatch.setattr(db.session, "commit", lost(3))
    with pytest.raises(OperationalError):
        receive(RAW, "", [BOT])
    monkeypatch.undo()
    (mail,) = mails()
    assert store().exists(mail.storage_key)
    assert receive(RAW, "", [BOT])[0].is_new is False


# What it is about


def test_a_bounce_is_linked_to_its_delivery_and_changes_nothing(house: House) -> None:
    house.switch("on")
    (delivery,) = house.drop().deliveries
    state = delivery.state
    receive(dsn(delivery.message_id), "", [BOT])
    (mail,) = mails()
    assert (mail.kind, mail.delivery_id) == ("bounce", delivery.id)
    assert db.session.get_one(Delivery, delivery.id).state == state


def sent_test(connection: Connection, state: str = "accepted") -> TestMail:
    test = TestMail(
        firm_id=connection.firm_id,
        connection_id=connection.id,
        slot="purchases",
        sender=connection.bot_address,
        destination="purchases.dune-alder@tool.test",
        message_id="<test-1@mail.guichet.test>",
        state=state,
        asked_at=utc_now(),
    )
    db.session.add(test)
    db.session.commit()
    return test


def test_a_bounce_of_a_test_is_the_test_s_result(house: House) -> None:
    test = sent_test(house.connect())
    receive(dsn(test.message_id), "", [BOT])
    (mail,) = mails()
    assert mail.test_mail_id == test.id
    known = db.session.get_one(TestMail, test.id)
    assert known.state == "bounced"
    said = "purchases.dune-alder@tool.test: 5.1.1 550 5.1.1 No such user"
    assert known.text == said
    assert mail.text == f"I could not deliver your message.\n\n{said}"
    assert known.settled_at


@pytest.mark.parametrize("action", ["delayed", "delivered"])
def test_a_test_that_is_late_has_not_bounced(house: House, action: str) -> None:
    test = sent_test(house.connect())
    receive(dsn(test.message_id, action), "", [BOT])
    assert mails()[0].test_mail_id == test.id
    assert db.session.get_one(TestMail, test.id).state == "accepted"


def test_a_message_id_of_another_firm_leads_nowhere(world: World, house: House) -> None:
    """Whoever got a message knows its Message-ID: it opens no other firm."""
    world.birch.switch("on")
    (theirs,) = world.birch.drop().deliveries
    test = sent_test(world.birch.connect())
    receive(dsn(theirs.message_id), "", [BOT])
    receive(dsn(test.message_id), "", [BOT])
    assert [(m.firm_id, m.delivery_id, m.test_mail_id) for m in mails()] == [
        (house.firm.id, None, None)
    ] * 2
    assert db.session.get_one(TestMail, test.id).state == "accepted"


def test_nor_one_of_another_company(house: House) -> None:
    test = sent_test(house.connect(company=house.elm))
    receive(dsn(test.message_id), "", [BOT])
    assert mails()[0].company_id == house.dune.id
    assert db.session.get_one(TestMail, test.id).state == "accepted"


def test_an_answer_to_our_message_is_a_refusal_wherever_it_comes_from(
    house: House,
) -> None:
    house.switch("on")
    (delivery,) = house.drop().deliveries
    raw = as_bytes(REFUSAL, domain="elsewhere.test", message_id=delivery.message_id)
    receive(raw, "robot@elsewhere.test", [BOT])
    (mail,) = mails()
    assert (mail.kind, mail.delivery_id) == ("refusal", delivery.id)


def test_no_mail_connects_nor_revokes_anything(house: House) -> None:
    connection = house.connect()
    before = (connection.revision, connection.last_success_at, connection.revoked_at)
    for raw in (RAW, as_bytes(REFUSAL, domain="tool.test", message_id="<x@y>")):
        receive(raw, "", [BOT])
    db.session.expire_all()
    connection = house.connect()
    assert before == (
        *(connection.revision, connection.last_success_at, connection.revoked_at),
    )


# Whom it is told


def told() -> list[str]:
    return sorted(
        db.session.scalars(select(Notice.recipient).where(Notice.kind.like("mail_%")))
    )


def test_the_admins_and_the_company_s_staff_are_told(
    world: World, house: House
) -> None:
    receive(RAW, "", [BOT])
    assert told() == ["ada@firm.test", "ben@firm.test"]
    notice = db.session.scalars(select(Notice)).first()
    assert notice
    assert "Dune Alder" in notice.subject
    assert "rejoindre" not in notice.subject + notice.text
    assert f"http://alder.guichet.test/apps/mail/{mails()[0].id}" in notice.text


def test_each_is_told_in_their_own_language(house: House) -> None:
    house.staff.locale = "en"
    db.session.commit()
    receive(RAW, "", [BOT])
    by = {one.recipient: one.subject for one in db.session.scalars(select(Notice))}
    assert "has arrived" in by["ben@firm.test"]
    assert "has arrived" not in by["ada@firm.test"]


def test_staff_who_do_not_see_the_company_are_not_told(house: House) -> None:
    receive(RAW, "", [house.connect(company=house.elm).bot_address])
    assert told() == ["ada@firm.test"]


def test_a_flood_is_told_once_an_hour(house: House) -> None:
    for number in range(5):
        receive(RAW + str(number).encode(), "", [BOT])
    assert len(mails()) == 5
    assert len(told()) == 2
    db.session.execute(update(Notice).values(created_at=utc_now().replace(year=2020)))
    db.session.commit()
    receive(RAW + b"later", "", [BOT])
    assert len(told()) == 4


def test_other_mail_is_told_to_nobody(house: House) -> None:
    receive(b"Subject: News\r\n\r\nHello", "news@tool.test", [BOT])
    assert (mails()[0].kind, told()) == ("other", [])
