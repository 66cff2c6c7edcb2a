"""What the mail provider tells of a test e-mail shows where it was asked for."""

import json

import pytest
from flask import Flask
from flask_babel import force_locale
from markupsafe import escape
from sqlalchemy import select

from app.connectors import apps
from app.connectors.models import Connection, TestMail
from app.db import database_now, db
from app.delivery import events, jobs, test_mail_states, test_mails
from app.delivery.models import MailEvent
from tests.cast import World, browser_at, signed_in
from tests.delivery.tellers import BODIES, NAMES, Of, say
from tests.delivery.test_hooks import configured
from tests.smtp import MailServer


@pytest.fixture
def connection(world: World) -> Connection:
    return world.alder.connect()


@pytest.fixture
def mail(connection: Connection, post: MailServer) -> TestMail:
    """One that the server took."""
    asked = test_mails.ask(connection, "purchases", by=None)
    db.session.commit()
    assert test_mails.send(str(asked.id)) == "accepted"
    return asked


def state_of(mail: TestMail) -> tuple[str, str]:
    db.session.refresh(mail)
    db.session.commit()
    return mail.state, mail.text


def told(of: Of, kind: str, event: str = "1", provider: str = "sendgrid") -> None:
    body = json.dumps(BODIES[provider](kind, of, event, "550 so")).encode()
    kept = events.keep(provider, body, {})
    db.session.commit()
    events.apply_each(kept)


def waiting() -> int:
    rows = db.session.scalars(
        select(MailEvent.id).where(MailEvent.applied_at.is_(None))
    ).all()
    db.session.commit()
    return len(rows)


@pytest.mark.parametrize("kind", ["delivered", "bounced"])
@pytest.mark.parametrize("provider", NAMES)
def test_each_provider_is_heard_at_its_door_and_seen_on_the_panel(
    app: Flask,
    world: World,
    mail: TestMail,
    monkeypatch: pytest.MonkeyPatch,
    provider: str,
    kind: str,
) -> None:
    configured(app, monkeypatch, provider)
    body, headers = say(provider, kind, Of(delivery=str(mail.id)), said="550 no such")
    answer = browser_at(app, None).post(
        f"/hooks/mail/{provider}", data=body, headers=headers
    )
    assert answer.status_code == 200
    assert state_of(mail)[0] == kind
    assert waiting() == 0
    url = f"/apps/quickbooks/companies/{world.alder.dune.slug}/test"
    page = signed_in(app, world.alder.staff).get(url).text
    with app.test_request_context(), force_locale("fr"):
        shown = test_mail_states.told(mail, apps.get("quickbooks"))
    assert shown.tone == {"delivered": "ok", "bounced": "bad"}[kind]
    assert str(escape(shown.text)) in page
    assert f"tone-{shown.tone}" in page
    assert "remis au serveur d’envoi" not in page


def test_by_its_message_id_where_nothing_else_is_known(mail: TestMail) -> None:
    told(Of(message_id=mail.message_id), "bounced")
    assert state_of(mail) == ("bounced", "550 so")


@pytest.mark.parametrize("provider", NAMES)
def test_it_bears_what_the_provider_gives_back(
    app: Flask,
    connection: Connection,
    post: MailServer,
    monkeypatch: pytest.MonkeyPatch,
    provider: str,
) -> None:
    monkeypatch.setitem(app.config, "MAIL_PROVIDER", provider)
    asked = test_mails.ask(connection, "purchases", by=None)
    db.session.commit()
    test_mails.send(str(asked.id))
    head = post.messages[0].raw.partition(b"\r\n\r\n")[0].decode()
    assert any(
        str(asked.id) in line and not line.startswith("Message-ID")
        for line in head.splitlines()
    )


def test_a_bounce_is_the_later_word_whatever_comes_first(mail: TestMail) -> None:
    of = Of(delivery=str(mail.id))
    told(of, "bounced", "1")
    told(of, "delivered", "2")
    assert state_of(mail)[0] == "bounced"


def test_what_was_delivered_may_come_back(mail: TestMail) -> None:
    of = Of(delivery=str(mail.id))
    told(of, "delivered", "1")
    told(of, "bounced", "2")
    assert state_of(mail)[0] == "bounced"


def test_an_event_settles_the_doubt(
    connection: Connection, post: MailServer, mail: TestMail
) -> None:
    mail.state = "unanswered"
    db.session.commit()
    told(Of(delivery=str(mail.id)), "delivered")
    assert state_of(mail)[0] == "delivered"


def test_what_is_quicker_than_our_record_is_not_written_over(
    connection: Connection, post: MailServer, app: Flask
) -> None:
    asked = test_mails.ask(connection, "purchases", by=None)
    db.session.commit()

    def tell_meanwhile() -> None:
        with app.app_context():
            told(Of(delivery=str(asked.id)), "bounced")

    post.fails("ack", call=tell_meanwhile)
    test_mails.send(str(asked.id))
    assert state_of(asked)[0] == "bounced"


def test_an_event_before_it_left_waits_and_says_nothing(
    connection: Connection,
) -> None:
    asked = test_mails.ask(connection, "purchases", by=None)
    db.session.commit()
    told(Of(delivery=str(asked.id)), "delivered")
    assert state_of(asked)[0] == "asked"
    assert waiting() == 1


def test_another_recipient_s_event_is_not_its_own(mail: TestMail) -> None:
    told(Of(delivery=str(mail.id), recipient="other@tool.test"), "bounced")
    assert state_of(mail)[0] == "accepted"


@pytest.mark.parametrize("kind", ["delayed", "complained"])
def test_what_is_no_end_changes_nothing_and_is_done_with(
    mail: TestMail, kind: str
) -> None:
    told(Of(delivery=str(mail.id)), kind)
    assert state_of(mail)[0] == "accepted"
    assert waiting() == 0


def test_a_refusal_of_the_server_stands(mail: TestMail) -> None:
    mail.state, mail.settled_at = "refused", database_now()
    db.session.commit()
    told(Of(delivery=str(mail.id)), "delivered")
    assert state_of(mail)[0] == "refused"
    jobs.tick("2026-11-04T09:45:00+00:00")
    assert waiting() == 0
