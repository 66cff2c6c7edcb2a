"""Mail that a provider brings: 200 once it is kept, 401 when it is forged, else 503."""

import logging
import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.collection.jobs import read_waiting
from app.collection.models import InboundMail
from app.db import db
from app.library.models import Document
from app.library.receiving import store
from app.mailroom import inbound_routes
from app.mailroom.inbound import taking
from app.mailroom.models import BotMail
from app.storage import StorageUnavailable
from tests.cast import House, World, browser_at
from tests.collection.letters import letter
from tests.delivery import tellers
from tests.mailroom.bringing import (
    PROVIDERS,
    SECRET,
    SENDER,
    Bring,
    basic,
    bring,
    by_mailgun,
    by_postmark,
    by_sendgrid,
    in_parts,
    mailgun_fields,
)

COMPTA = "compta+dune-alder@mail.guichet.test"
RAW = letter(("Facture.pdf", "application/pdf"))

each = pytest.mark.parametrize(("path", "by"), PROVIDERS.items(), ids=PROVIDERS)


@pytest.fixture(autouse=True)
def house(world: World, app: Flask, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setitem(app.config, "INBOUND_WEBHOOK_SECRET", SECRET)
    return world.alder


def mails() -> list[InboundMail]:
    db.session.rollback()
    found = db.session.scalars(
        select(InboundMail)
        .order_by(InboundMail.recipient)
        .execution_options(populate_existing=True)
    ).all()
    db.session.commit()
    return list(found)


def kept(mail: InboundMail) -> bytes:
    assert mail.storage_key
    return store().open(mail.storage_key).read()


@each
def test_it_is_kept_byte_for_byte_for_the_envelope_s_recipient(
    app: Flask, path: str, by: Bring
) -> None:
    raw = RAW + "\r\nétrange: ".encode("latin-1") + b"\x00\xff+%41&=\r\n"
    answer = bring(app, path, by(raw, COMPTA.replace("compta", "Compta")))
    assert (answer.status_code, answer.json) == (200, {"kept": 1})
    [mail] = mails()
    assert kept(mail) == raw
    assert (mail.recipient, mail.sender) == (COMPTA, SENDER)
    assert mail.door == path.partition("/")[0]
    read_waiting()
    assert db.session.scalars(select(Document.name)).all() == ["Facture.pdf"]


@each
def test_it_is_committed_before_the_answer(
    app: Flask, path: str, by: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    real = taking.take

    def watched(*given: Any) -> Any:
        done = real(*given)
        with db.engine.connect() as other:
            seen.append(len(other.execute(select(InboundMail.id)).all()))
        return done

    monkeypatch.setattr(taking, "take", watched)
    assert bring(app, path, by(RAW, COMPTA)).status_code == 200
    assert seen == [1]


@each
def test_the_same_again_ten_times_is_200_and_nothing_more(
    app: Flask, path: str, by: Bring
) -> None:
    request = by(RAW, COMPTA)
    answers = [bring(app, path, request) for _ in range(10)]
    assert {answer.status_code for answer in answers} == {200}
    assert [answer.json for answer in answers][1:] == [{"kept": 0}] * 9
    assert len(mails()) == 1
    read_waiting()
    assert len(db.session.scalars(select(Document.id)).all()) == 1


@each
def test_a_message_of_some_megabytes_is_a_field_like_any(
    app: Flask, path: str, by: Bring
) -> None:
    """Werkzeug reads no field beyond 500 kB."""
    raw = RAW + b"0123456789" * 400_000
    assert bring(app, path, by(raw, COMPTA)).status_code == 200
    assert mails()[0].size == len(raw)


@each
def test_when_the_store_is_away_it_comes_again(
    app: Flask, path: str, by: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise StorageUnavailable("away")

    request = by(RAW, COMPTA)
    with monkeypatch.context() as patch:
        patch.setattr(type(store()), "writer", away)
        answer = bring(app, path, request)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert mails() == []
    assert bring(app, path, request).json == {"kept": 1}


@each
def test_for_nobody_of_ours_it_is_503_and_never_dropped(
    app: Flask, path: str, by: Bring
) -> None:
    assert bring(app, path, by(RAW, "compta@elsewhere.test")).status_code == 503
    assert bring(app, path, by(RAW, "")).status_code == 503
    assert mails() == []


@each
def test_what_is_forged_is_401_and_nothing_is_kept(
    app: Flask, path: str, by: Bring, caplog: pytest.LogCaptureFixture
) -> None:
    request = by(RAW, COMPTA)
    request["headers"] |= basic("another-secret-than-it")
    request["data"] = request["data"].replace(b"signature=", b"signature=0")
    request["data"] = request["data"].replace(
        b'"signature"\r\n\r\n', b'"signature"\r\n\r\n0'
    )
    with caplog.at_level(logging.WARNING):
        assert bring(app, path, request).status_code == 401
    assert "forged mail" in caplog.text
    assert mails() == []


@each
def test_what_brings_no_message_is_503(app: Flask, path: str, by: Bring) -> None:
    whole = by(RAW, COMPTA)
    for name in (b"RawEmail", b"body-mime", b'name="email"'):
        whole["data"] = whole["data"].replace(name, b'"other"')
    assert bring(app, path, whole).status_code == 503
    assert mails() == []


def test_there_is_no_door_without_a_secret_nor_elsewhere(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = by_postmark(RAW, COMPTA)
    assert bring(app, "nobody", request).status_code == 404
    at_a_portal = browser_at(app, house.firm).post("/inbound/postmark", **request)
    assert at_a_portal.status_code == 404
    monkeypatch.setitem(app.config, "INBOUND_WEBHOOK_SECRET", "")
    assert bring(app, "postmark", request).status_code == 404
    assert bring(app, "mailgun", by_mailgun(RAW, COMPTA)).status_code == 404
    assert mails() == []


@pytest.mark.parametrize("seconds", [-9 * 3600 - 60, 301 + 60])
def test_a_signature_of_another_day_is_none(app: Flask, seconds: int) -> None:
    request = by_mailgun(RAW, COMPTA, at=time.time() + seconds)
    assert bring(app, "mailgun", request).status_code == 401
    assert mails() == []


def test_what_was_put_off_is_taken_as_long_as_mailgun_goes_on_trying(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten minutes later for the first time, eight hours for the last, and it may say
    the very same: its time, its token and its signature."""
    request = by_mailgun(RAW, COMPTA)
    with monkeypatch.context() as patch:
        patch.setattr(type(store()), "writer", _away)
        assert bring(app, "mailgun", request).status_code == 503
    hours_later = time.time() + 8 * 3600
    monkeypatch.setattr(time, "time", lambda: hours_later)
    assert bring(app, "mailgun", request).json == {"kept": 1}
    assert bring(app, "mailgun", request).json == {"kept": 0}
    assert len(mails()) == 1


def test_what_was_put_off_is_taken_as_long_as_sendgrid_goes_on_trying(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        app.config, "INBOUND_WEBHOOK_SECRET", tellers.key_of("sendgrid")
    )
    request, now = by_sendgrid(RAW, COMPTA), int(time.time())
    for days, code in ((4, 401), (3, 200), (1, 200)):
        at = str(now - days * 24 * 3600)
        headers = tellers.signed_by_sendgrid(request["data"], at)
        whole = request | {"headers": request["headers"] | headers}
        assert bring(app, "sendgrid", whole).status_code == code
    assert len(mails()) == 1, "what is signed is the message: the same again is known"


def _away(*_: Any) -> None:
    raise StorageUnavailable("away")


def test_a_token_that_was_used_brings_no_other_message(app: Flask) -> None:
    token = "0123456789" * 5
    other = letter(("Autre.pdf", "application/pdf"), message_id="<2@supplier.test>")
    assert bring(app, "mailgun", by_mailgun(RAW, COMPTA, token=token)).json == {
        "kept": 1
    }
    to = COMPTA.replace("compta", "banque")
    for raw, recipient in ((other, COMPTA), (other, to)):
        request = by_mailgun(raw, recipient, token=token)
        assert bring(app, "mailgun", request).status_code == 401
    assert [kept(mail) for mail in mails()] == [RAW]


def test_each_recipient_of_the_envelope_has_one_and_strangers_have_none(
    app: Flask, world: World
) -> None:
    """Two firms have the same slug, each at its own domain (B26)."""
    alder, birch = world.alder, world.birch
    alder.dune.mail_domain, birch.dune.mail_domain = "alder.test", "birch.test"
    alder.dune.slug = birch.dune.slug = "acme"
    db.session.commit()
    to = ["compta+acme@alder.test", "compta+acme@birch.test", "x@elsewhere.test"]
    raw = RAW.replace(b"whoever@example.test", b"compta+acme@alder.test")
    assert bring(app, "sendgrid", by_sendgrid(raw, to)).json == {"kept": 2}
    assert [(m.recipient, m.company_id) for m in mails()] == [
        (to[0], alder.dune.id),
        (to[1], birch.dune.id),
    ]
    assert {mail.client_ip for mail in mails()} == {"192.0.2.7"}


def test_mail_to_a_bot_goes_to_the_bot(app: Flask, house: House) -> None:
    bot = house.connect().bot_address
    assert bring(app, "postmark", by_postmark(RAW, bot)).json == {"kept": 1}
    assert mails() == []
    assert db.session.scalars(select(BotMail.bot_address)).all() == [bot]


def test_with_sendgrid_s_key_only_what_it_signed_is_taken(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tellers.key_of("sendgrid")
    monkeypatch.setitem(app.config, "INBOUND_WEBHOOK_SECRET", key)
    request = by_sendgrid(RAW, COMPTA)
    request["headers"] |= basic(key)
    assert bring(app, "sendgrid", request).status_code == 401
    signed = tellers.signed_by_sendgrid(request["data"], str(int(time.time())))
    stale = tellers.signed_by_sendgrid(request["data"], str(int(time.time()) - 400_000))
    for headers, code in ((stale, 401), (signed, 200)):
        whole = request | {"headers": request["headers"] | headers}
        assert bring(app, "sendgrid", whole).status_code == code
    altered = request["data"].replace(b"Facture", b"Fakture")
    whole = {"data": altered, "headers": request["headers"] | signed}
    assert bring(app, "sendgrid", whole).status_code == 401
    assert len(mails()) == 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b"\xff" * 100, b"a=%", b"--x\r\n", b'{"RawEmail": 3}']
)
def test_nonsense_is_never_a_fault_of_ours(app: Flask, body: bytes) -> None:
    for path in ("postmark", "mailgun", "sendgrid"):
        for kind in (
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "",
        ):
            headers = basic() | {"Content-Type": kind}
            answer = bring(app, path, {"data": body, "headers": headers})
            assert answer.status_code in {401, 503}, (path, kind)
    assert mails() == []


def test_more_than_can_be_held_at_once_comes_again(app: Flask) -> None:
    request = by_postmark(RAW, COMPTA)
    inbound_routes.AT_ONCE.acquire()
    inbound_routes.AT_ONCE.acquire()
    try:
        assert bring(app, "postmark", request).status_code == 503
    finally:
        inbound_routes.AT_ONCE.release()
        inbound_routes.AT_ONCE.release()
    assert bring(app, "postmark", request).status_code == 200


def test_a_body_beyond_all_limits_is_503_and_no_memory(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAX_MAIL_MB", 1)
    raw = RAW + b"0" * 4_000_000
    assert bring(app, "postmark", by_postmark(raw, COMPTA)).status_code == 503
    assert mails() == []


def test_a_field_twice_is_the_first(app: Flask) -> None:
    fields = mailgun_fields(RAW, COMPTA)
    request = in_parts(fields)
    boundary = request["headers"]["Content-Type"].partition("boundary=")[2]
    again = in_parts({"recipient": "banque+dune-alder@mail.guichet.test"})["data"]
    first = again.partition(b"\r\n")[0]
    tail = again.replace(first, f"--{boundary}".encode())
    closing = f"--{boundary}--\r\n".encode()
    request["data"] = request["data"].removesuffix(closing) + tail
    assert bring(app, "mailgun", request).json == {"kept": 1}
    assert [mail.recipient for mail in mails()] == [COMPTA]
