"""What the mail provider tells: kept once, believed when it is signed, and applied."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import db
from app.delivery import events, tick
from app.delivery.models import MailEvent
from app.delivery.providers import sns
from app.library.deposit import Deposited
from tests.cast import House, World, browser_at, signed_in
from tests.delivery import tellers
from tests.delivery.tellers import NAMES, Of, Said, say
from tests.delivery.world import (
    change,
    claimed_by_a_lost_worker,
    delivery_of,
    document_of,
    state_of,
)

Tell = Callable[[Said], int]


@pytest.fixture(params=NAMES)
def provider(
    request: pytest.FixtureRequest, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> str:
    name = str(request.param)
    configured(app, monkeypatch, name)
    return name


def configured(app: Flask, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(app.config, "MAIL_PROVIDER", name)
    monkeypatch.setitem(app.config, "MAIL_WEBHOOK_KEY", tellers.key_of(name))
    monkeypatch.setitem(
        app.extensions, sns.FETCHER, lambda _host, _path: tellers.certificate()
    )
    monkeypatch.setitem(app.extensions, sns.CACHE, {})


@pytest.fixture
def tell(app: Flask) -> Tell:
    """Give it to the platform; gives the answer's status."""

    def post(said: Said) -> int:
        body, headers = said
        name = app.config["MAIL_PROVIDER"]
        browser = browser_at(app, None)
        status: int = browser.post(
            f"/hooks/mail/{name}", data=body, headers=headers
        ).status_code
        return status

    return post


@pytest.fixture
def sent(house: House) -> Deposited:
    done = house.drop("Facture.pdf")
    assert tick.run()["accepted"] == 1
    return done


def of(done: Deposited) -> Of:
    delivery = delivery_of(done)
    return Of(delivery=str(delivery.id), message_id=delivery.message_id)


def rows() -> list[MailEvent]:
    found = db.session.scalars(
        select(MailEvent)
        .where(MailEvent.event_id.not_like("token %"))
        .order_by(MailEvent.id)
        .execution_options(populate_existing=True)
    ).all()
    db.session.commit()
    return list(found)


# Each provider


def test_what_the_tool_s_server_took_is_received_by_the_tool(
    app: Flask, house: House, provider: str, tell: Tell, sent: Deposited
) -> None:
    assert tell(say(provider, "delivered", of(sent))) == 200
    assert state_of(sent) == ("delivered", None)
    assert document_of(sent).status == "validated"
    (row,) = rows()
    assert (row.delivery_id, row.applied_at is None) == (delivery_of(sent).id, False)
    page = signed_in(app, house.admin).get(f"/deliveries/{row.delivery_id}").text
    assert row.said in page


def test_what_is_forged_is_401_and_nothing_is_kept(
    provider: str, tell: Tell, sent: Deposited, caplog: pytest.LogCaptureFixture
) -> None:
    body, headers = say(provider, "bounced", of(sent))
    forged = {name: value[:-4] + "AAA=" for name, value in headers.items()}
    altered = body.replace(b'"signature": "', b'"signature": "0').replace(
        b'"Signature": "', b'"Signature": "AAAA'
    )
    with caplog.at_level(logging.WARNING):
        assert tell((altered, forged)) == 401
        assert tell((b"{}", {})) == 401
        assert tell((b"\xff[" * 20, {})) == 401
    assert caplog.text.count(f"forged mail event for {provider}") == 3
    assert rows() == []
    assert state_of(sent) == ("accepted", None)


def test_the_same_request_again_is_200_and_nothing_more(
    provider: str, tell: Tell, sent: Deposited
) -> None:
    said = say(provider, "bounced", of(sent))
    assert [tell(said), tell(said)] == [200, 200]
    assert len(rows()) == 1


def test_a_bounce_is_the_later_word_in_whatever_order_they_come(
    house: House, provider: str, tell: Tell, sent: Deposited
) -> None:
    tell(say(provider, "delivered", of(sent), "1"))
    tell(say(provider, "bounced", of(sent), "2", "550 No such user"))
    assert state_of(sent) == ("bounced", "bounced")
    assert document_of(sent).status == "received"
    assert "No such user" in (delivery_of(sent).last_text or "")
    tell(say(provider, "delivered", of(sent), "3"))
    assert state_of(sent) == ("bounced", "bounced")
    assert all(row.applied_at for row in rows())


def test_one_that_comes_before_the_answer_is_recorded_is_not_lost(
    house: House, provider: str, tell: Tell
) -> None:
    """It names the message by what only the answer will tell us (C12)."""
    if provider == "mailgun":
        pytest.skip("it gives no name of its own")
    done = house.drop()
    claimed_by_a_lost_worker(done, "in_doubt")
    assert tell(say(provider, "delivered", Of(provider_id="4F2A"))) == 200
    assert state_of(done) == ("in_doubt", None)
    change(done, state="accepted", provider_id="4F2A", lease_until=None)
    assert events.apply_waiting() == 1
    assert state_of(done) == ("delivered", None)
    assert events.apply_waiting() == 0


def test_a_message_that_nobody_knows_changes_nothing(
    provider: str, tell: Tell, sent: Deposited
) -> None:
    nobody = Of(delivery="0" * 32, message_id="<x@elsewhere.test>", provider_id="x")
    assert tell(say(provider, "bounced", nobody)) == 200
    (row,) = rows()
    assert (row.delivery_id, row.applied_at) == (None, None)
    assert state_of(sent) == ("accepted", None)


def test_what_is_told_of_another_address_changes_no_delivery(
    world: World, house: House, provider: str, tell: Tell, sent: Deposited
) -> None:
    """The twin's, of another firm: neither is touched, whichever one is named."""
    world.birch.switch("on")
    theirs = world.birch.drop()
    tick.run()
    tell(say(provider, "bounced", of(theirs)))
    assert state_of(sent)[0] == state_of(theirs)[0] == "accepted"
    right = Of(delivery=of(theirs).delivery, recipient="PURCHASES.dune-birch@tool.test")
    tell(say(provider, "bounced", right, "2"))
    assert (state_of(sent)[0], state_of(theirs)[0]) == ("accepted", "bounced")


@pytest.mark.parametrize("kind", ["delayed", "complained", "other"])
def test_anything_else_is_a_note_only(
    provider: str, tell: Tell, sent: Deposited, kind: str
) -> None:
    tell(say(provider, kind, of(sent)))
    assert state_of(sent) == ("accepted", None)
    (row,) = rows()
    assert (row.kind, row.applied_at is None) == (kind, False)


# The address


def test_only_the_configured_provider_has_an_address_and_only_at_the_platform(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(app, monkeypatch, "postmark")
    body, headers = tellers.sign_postmark({})
    at_the_platform, at_the_firm = browser_at(app, None), browser_at(app, house.firm)
    for url in ("/hooks/mail/mailgun", "/hooks/mail/"):
        answer = at_the_platform.post(url, data=body, headers=headers)
        assert answer.status_code == 404, url
    url = "/hooks/mail/postmark"
    assert at_the_platform.post(url, data=body, headers=headers).status_code == 200
    assert at_the_firm.post(url, data=body, headers=headers).status_code == 404
    assert at_the_firm.get(url).status_code == 404
    configured(app, monkeypatch, "")
    assert at_the_platform.post(url, data=body, headers=headers).status_code == 404


def test_a_body_beyond_a_million_bytes_is_413(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tell: Tell
) -> None:
    configured(app, monkeypatch, "postmark")
    _body, headers = tellers.sign_postmark({})
    assert tell((b"[" * 1_000_001, headers)) == 413


def test_who_forges_again_and_again_is_asked_to_wait(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tell: Tell
) -> None:
    configured(app, monkeypatch, "postmark")
    answers = [tell((b"{}", {})) for _ in range(61)]
    assert answers == [401] * 60 + [429]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "told", [{}, [], None, 1, "\x00\ud800", [[[]]], {"ID": [1], "RecordType": {}}]
)
def test_what_is_signed_and_makes_no_sense_is_never_a_500(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tell: Tell, name: str, told: Any
) -> None:
    configured(app, monkeypatch, name)
    if name == "ses" and not isinstance(told, dict):
        told = {"Type": "Notification", "MessageId": "1", "Message": json.dumps(told)}
    assert tell(tellers.signed(name, told)) == 200


# Mailgun signs a token, not the body


def test_mailgun_s_token_is_good_for_one_event_only(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tell: Tell, sent: Deposited
) -> None:
    configured(app, monkeypatch, "mailgun")
    first = tellers.BODIES["mailgun"]("delayed", of(sent), "1", "later")
    other = tellers.BODIES["mailgun"]("bounced", of(sent), "2", "no")
    assert tell(tellers.sign_mailgun(first, token="t" * 50)) == 200
    assert tell(tellers.sign_mailgun(other, token="t" * 50)) == 401
    assert tell(tellers.sign_mailgun(first, token="t" * 50)) == 200
    assert [row.kind for row in rows()] == ["delayed"]
    assert state_of(sent) == ("accepted", None)


@pytest.mark.parametrize("hours", [-10, 1])
def test_mailgun_s_time_is_neither_long_ago_nor_to_come(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tell: Tell, hours: int
) -> None:
    configured(app, monkeypatch, "mailgun")
    told = tellers.BODIES["mailgun"]("bounced", Of(), "1", "no")
    assert tell(tellers.sign_mailgun(told, at=time.time() + hours * 3600)) == 401
    assert rows() == []


# SendGrid tells many at once


def test_sendgrid_s_batch_is_kept_event_by_event(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tell: Tell, sent: Deposited
) -> None:
    configured(app, monkeypatch, "sendgrid")
    make = tellers.BODIES["sendgrid"]
    batch = make("other", of(sent), "1", "") + make("delivered", of(sent), "2", "")
    assert tell(tellers.sign_sendgrid([*batch, *batch, 5, {}])) == 200
    assert sorted(row.event_id for row in rows()) == ["sg-1", "sg-2"]
    assert state_of(sent) == ("delivered", None)


# SES speaks through SNS


@pytest.fixture
def ses(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of certificates that were asked for."""
    configured(app, monkeypatch, "ses")
    asked: list[str] = []

    def fetch(_host: str, path: str) -> bytes:
        asked.append(path)
        return tellers.certificate()

    monkeypatch.setitem(app.extensions, sns.FETCHER, fetch)
    return asked


@pytest.mark.parametrize("version", ["1", "2"])
def test_ses_both_ways_of_signing_are_known_and_the_certificate_asked_for_once(
    ses: list[str], tell: Tell, version: str
) -> None:
    for number in ("1", "2"):
        told = tellers.BODIES["ses"]("other", Of(), number, "")
        assert tell(tellers.sign_ses(told, version)) == 200
    assert len(ses) == 1


@pytest.mark.parametrize(
    "url",
    [
        tellers.CERTIFICATE.replace("https", "http"),
        tellers.CERTIFICATE.replace(".amazonaws.com", ".amazonaws.com.evil.test"),
        tellers.CERTIFICATE.replace("https://", "https://evil.test/"),
        tellers.CERTIFICATE.replace("https://", "https://evil.test@"),
        tellers.CERTIFICATE.replace("eu-west-3", "us-east-1"),
        tellers.CERTIFICATE.replace("SimpleNotificationService-", "?x="),
        tellers.CERTIFICATE + "?x",
        "",
    ],
)
def test_ses_a_certificate_from_anywhere_else_is_not_even_asked_for(
    ses: list[str], tell: Tell, url: str
) -> None:
    told = tellers.BODIES["ses"]("bounced", Of(), "1", "")
    assert tell(tellers.sign_ses(told, url=url)) == 401
    assert (ses, rows()) == ([], [])


def test_ses_another_topic_is_not_ours(ses: list[str], tell: Tell) -> None:
    told = tellers.BODIES["ses"]("bounced", Of(), "1", "")
    told["TopicArn"] = tellers.TOPIC + "2"
    assert tell(tellers.sign_ses(told)) == 401
    assert ses == []


def test_ses_a_subscription_is_confirmed_by_the_operator_alone(
    app: Flask, world: World, ses: list[str], tell: Tell
) -> None:
    url = "https://sns.eu-west-3.amazonaws.com/?Action=ConfirmSubscription&Token=2336"
    asks = {"Type": "SubscriptionConfirmation", "MessageId": "s1", "Message": "Confirm"}
    asks |= {"Token": "2336", "SubscribeURL": url}
    assert tell(tellers.sign_ses(asks)) == 200
    assert len(ses) == 1, "the certificate, and no other address, was asked for"
    console = signed_in(app, world.operator)
    assert url.replace("&", "&amp;") in console.get("/console/runs").text
    tell(tellers.sign_ses(tellers.BODIES["ses"]("other", Of(), "s2", "")))
    assert "ConfirmSubscription" not in console.get("/console/runs").text


def test_ses_a_subscription_that_leads_elsewhere_is_not_shown(
    app: Flask, world: World, ses: list[str], tell: Tell
) -> None:
    asks = {"Type": "SubscriptionConfirmation", "MessageId": "s1", "Message": "Confirm"}
    asks |= {"Token": "1", "SubscribeURL": "https://evil.test/?x"}
    assert tell(tellers.sign_ses(asks)) == 200
    assert "evil.test" not in signed_in(app, world.operator).get("/console/runs").text
