"""«E-mail de test»: what leaves, what is said of it, and that nothing else changes."""

import base64
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.connectors import apps, connecting
from app.connectors.models import Connection, Destination, TestMail
from app.db import database_now, db
from app.delivery import jobs, test_mails
from app.errors import Refused
from app.library.models import Document
from tests.cast import Browser, House, World, signed_in
from tests.smtp import MailServer

HTMX = {"HX-Request": "true"}


@pytest.fixture
def connection(world: World) -> Connection:
    return world.alder.connect()


@pytest.fixture
def ben(app: Flask, world: World, connection: Connection) -> Browser:
    return signed_in(app, world.alder.staff)


@pytest.fixture
def queue_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "app.delivery.test_mail_routes.enqueue_once", lambda *_, **__: None
    )


@pytest.fixture
def queue_takes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    taken: list[str] = []

    def take(_job: Any, mail_id: str, **_more: Any) -> bool:
        taken.append(mail_id)
        return True

    monkeypatch.setattr("app.delivery.test_mail_routes.enqueue_once", take)
    return taken


def asked(connection: Connection, slot: str = "purchases") -> uuid.UUID:
    mail = test_mails.ask(connection, slot, by=None)
    db.session.commit()
    return mail.id


def row(mail_id: uuid.UUID | None = None) -> TestMail:
    db.session.rollback()
    wanted = select(TestMail).order_by(TestMail.id.desc()).limit(1)
    if mail_id:
        wanted = select(TestMail).where(TestMail.id == mail_id)
    return db.session.scalars(wanted.execution_options(populate_existing=True)).one()


def url(house: House, key: str = "quickbooks") -> str:
    return f"/apps/{key}/companies/{house.dune.slug}/test"


def make_earlier(**how: float) -> None:
    earlier = timedelta(**how)
    for mail in db.session.scalars(select(TestMail)):
        mail.asked_at -= earlier
        if mail.settled_at:
            mail.settled_at -= earlier
    db.session.commit()


def test_the_message_says_that_it_is_a_test(
    connection: Connection, post: MailServer
) -> None:
    mail_id = asked(connection)
    assert test_mails.send(str(mail_id)) == "accepted"
    [received] = post.messages
    assert received.sender == "quickbooks+dune-alder@mail.guichet.test"
    assert received.recipient == "purchases.dune-alder@tool.test"
    message = received.message
    assert message["From"] == "quickbooks+dune-alder@mail.guichet.test"
    assert message["Auto-Submitted"] == "auto-generated"
    assert (
        received.message_id
        == row().message_id
        == (f"<{mail_id}.test@mail.guichet.test>")
    )
    text = base64.b64decode(str(message.get_payload())).decode()
    assert "e-mail de test du cabinet Cabinet Alder" in text
    assert "aucun document" in text
    assert row().state == "accepted"
    assert (row().code, row().text[:10]) == (250, "2.0.0 Ok: ")


def test_it_leaves_once(connection: Connection, post: MailServer) -> None:
    mail_id = asked(connection)
    test_mails.send(str(mail_id))
    assert test_mails.send(str(mail_id)) is None
    assert test_mails.sweep() == 0
    assert len(post.messages) == 1


def test_a_refusal_is_told_and_marks_no_destination(
    connection: Connection, post: MailServer
) -> None:
    post.fails("rcpt", "550 5.1.1 unknown recipient")
    assert test_mails.send(str(asked(connection))) == "refused"
    assert (row().code, row().text) == (550, "5.1.1 unknown recipient")
    [destination] = db.session.scalars(select(Destination)).all()
    assert destination.refused_at is None
    assert post.messages == []


def test_a_refusal_after_the_dot_is_told(
    connection: Connection, post: MailServer
) -> None:
    post.fails("dot", "554 5.7.1 spam")
    assert test_mails.send(str(asked(connection))) == "refused"
    assert row().text == "5.7.1 spam"


def test_a_cut_after_the_dot_is_said_and_never_repeated(
    connection: Connection, post: MailServer
) -> None:
    post.fails("ack")
    mail_id = asked(connection)
    assert test_mails.send(str(mail_id)) == "unanswered"
    assert test_mails.send(str(mail_id)) is None
    assert test_mails.sweep() == 0
    assert row().state == "unanswered"
    assert len(post.messages) == 1


@pytest.mark.parametrize("phase", ["mail", "data"])
def test_a_cut_before_the_dot_is_tried_again(
    connection: Connection, post: MailServer, phase: str
) -> None:
    post.fails(phase)
    mail_id = asked(connection)
    assert test_mails.send(str(mail_id)) == "asked"
    assert row().state == "asked"
    assert test_mails.sweep() == 1
    assert post.ids() == [row().message_id]


def test_a_server_that_is_away_gets_it_with_the_next_run(
    connection: Connection, post: MailServer
) -> None:
    post.fails("connect", times=2)
    mail_id = asked(connection)
    assert test_mails.send(str(mail_id)) == "asked"
    assert test_mails.sweep() == 0
    assert row().text
    jobs.tick("2026-11-04T09:45:00+00:00")
    assert row().state == "accepted"
    assert len(post.messages) == 1


def test_greylisting_is_waited_out_but_not_for_ever(
    connection: Connection, post: MailServer
) -> None:
    post.fails("rcpt", "451 4.7.1 Greylisted", times=2)
    assert test_mails.send(str(asked(connection))) == "asked"
    make_earlier(hours=5)
    assert test_mails.sweep() == 0
    assert (row().state, row().text) == ("refused", "4.7.1 Greylisted")


def test_our_own_credentials_being_wrong_is_not_the_address_s_fault(
    connection: Connection, post: MailServer
) -> None:
    post.fails("mail", "530 5.7.0 Authentication required")
    assert test_mails.send(str(asked(connection))) == "asked"


def test_one_a_minute_for_an_address(connection: Connection) -> None:
    asked(connection)
    with pytest.raises(Refused):
        test_mails.ask(connection, "purchases", by=None)
    db.session.rollback()
    make_earlier(seconds=61)
    asked(connection)


def test_without_access_or_address_none_is_sent(
    world: World, connection: Connection
) -> None:
    with pytest.raises(Refused):
        test_mails.ask(connection, "sales", by=None)
    connecting.revoke(connection, by=None)
    with pytest.raises(Refused):
        test_mails.ask(connection, "purchases", by=None)
    db.session.rollback()


def test_what_was_revoked_or_moved_meanwhile_does_not_leave(
    connection: Connection, post: MailServer
) -> None:
    mail_id = asked(connection)
    connecting.revoke(connection, by=None)
    db.session.commit()
    assert test_mails.send(str(mail_id)) == "refused"
    assert row().text == test_mails.REVOKED
    connecting.authorise(connection.company, apps.get("quickbooks"), by=None)
    make_earlier(minutes=2)
    mail_id = asked(connection)
    connecting.set_destination(connection, "purchases", "other@tool.test", by=None)
    db.session.commit()
    assert test_mails.send(str(mail_id)) == "refused"
    assert row().text == test_mails.MOVED
    assert post.messages == []


def test_one_whose_worker_was_killed_is_told_as_a_doubt(
    connection: Connection, post: MailServer
) -> None:
    asked(connection)
    db.session.execute(
        update(TestMail).values(state="sending", settled_at=database_now())
    )
    db.session.commit()
    test_mails.sweep()
    assert row().state == "sending"
    make_earlier(minutes=40)
    test_mails.sweep()
    assert row().state == "unanswered"
    assert post.messages == []


def test_no_transaction_is_open_while_the_server_talks(
    connection: Connection, post: MailServer
) -> None:
    seen: list[int] = []
    pool: Any = db.engine.pool
    post.fails("mail", call=lambda: seen.append(pool.checkedout()))
    assert test_mails.send(str(asked(connection))) == "accepted"
    assert seen == [0]


def test_it_validates_no_document_and_proves_no_connection(
    world: World, connection: Connection, post: MailServer
) -> None:
    world.alder.drop()
    test_mails.send(str(asked(connection)))
    db.session.rollback()
    assert db.session.scalars(select(Document.status)).all() == ["received"]
    assert connection.last_success_at is None


def test_the_block_asks_and_says_what_came_of_it(
    ben: Browser, world: World, post: MailServer, queue_takes: list[str]
) -> None:
    page = ben.get(url(world.alder), headers=HTMX).text
    assert "Envoyer un e-mail de test" in page
    assert "<html" not in page
    answer = ben.post(url(world.alder), headers=HTMX)
    assert answer.status_code == 200
    assert "look=1" in answer.text
    assert queue_takes == [str(row().id)]
    test_mails.send(*queue_takes)
    state = ben.get(f"{url(world.alder)}?look=1", headers=HTMX).text
    assert "remis au serveur d’envoi" in state
    assert "chez QuickBooks" in state
    assert "hx-get" not in state
    assert "<form" not in state


def test_the_page_stops_looking_after_a_minute(
    ben: Browser, world: World, queue_takes: list[str]
) -> None:
    ben.post(url(world.alder), headers=HTMX)
    for look, goes_on in ((11, True), (12, False), (99, False)):
        text = ben.get(f"{url(world.alder)}?look={look}", headers=HTMX).text
        assert ("hx-get" in text) is goes_on


@pytest.mark.usefixtures("queue_is_away")
def test_a_queue_that_is_away_is_said_and_the_next_run_sends(
    ben: Browser, world: World, post: MailServer
) -> None:
    answer = ben.post(url(world.alder), headers=HTMX)
    assert "partira au prochain passage" in answer.text
    assert row().state == "asked"
    make_earlier(seconds=30)
    later = ben.get(url(world.alder), headers=HTMX).text
    assert "il partira au passage de" in later
    jobs.tick("2026-11-04T09:45:00+00:00")
    assert row().state == "accepted"


def test_it_works_without_script(
    ben: Browser, world: World, queue_takes: list[str]
) -> None:
    answer = ben.post(url(world.alder))
    assert answer.status_code == 303
    assert answer.location == f"/apps/quickbooks?company={world.alder.dune.slug}"
    assert "part vers" in ben.get(answer.location).text
    ben.post(url(world.alder))
    assert "moins d’une minute" in ben.get(answer.location).text
    whole = ben.get(url(world.alder)).text
    assert "<html" in whole
    assert len(queue_takes) == 1


def test_a_second_one_in_the_minute_is_told_in_the_block(
    ben: Browser, world: World, queue_takes: list[str]
) -> None:
    ben.post(url(world.alder), headers=HTMX)
    again = ben.post(url(world.alder), headers=HTMX)
    assert again.status_code == 422
    assert "moins d’une minute" in again.text
    assert "Envoyer un e-mail de test" in again.text


def test_what_the_server_said_is_shown(
    ben: Browser, world: World, connection: Connection, post: MailServer
) -> None:
    post.fails("rcpt", "550 5.1.1 <b>unknown</b>")
    test_mails.send(str(asked(connection)))
    text = ben.get(url(world.alder), headers=HTMX).text
    assert "550 5.1.1 &lt;b&gt;unknown" in text


def test_a_revoked_connection_offers_no_test(
    ben: Browser, world: World, connection: Connection
) -> None:
    connecting.revoke(connection, by=None)
    db.session.commit()
    assert "<form" not in ben.get(url(world.alder), headers=HTMX).text
    assert ben.post(url(world.alder), headers=HTMX).status_code == 422
    assert db.session.scalars(select(TestMail)).all() == []


def test_each_address_of_a_tool_is_tested_on_its_own(
    ben: Browser, world: World, queue_takes: list[str]
) -> None:
    world.alder.connect("dext")
    ben.post(url(world.alder, "dext"), data={"slot": "sales"}, headers=HTMX)
    assert row().destination == "sales.dune-alder@tool.test"
    wrong = ben.post(url(world.alder, "dext"), data={"slot": "x"}, headers=HTMX)
    assert wrong.status_code == 422
    text = ben.get(url(world.alder, "dext"), headers=HTMX).text
    assert re.search(
        r"<option[^>]*>Ventes : sales\.dune-alder@tool\.test</option>", text
    )


def test_staff_test_only_for_the_companies_they_follow(
    ben: Browser, world: World
) -> None:
    world.alder.connect(company=world.alder.elm)
    other = f"/apps/quickbooks/companies/{world.alder.elm.slug}/test"
    assert ben.get(other).status_code == 404
    assert ben.post(other).status_code == 404
