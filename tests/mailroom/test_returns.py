"""What comes back: led to its delivery by the surest sign, and to no other one."""

import smtplib
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, select

from _parts import free_ports
from app.db import db
from app.delivery import tick
from app.delivery.envelope import return_address
from app.delivery.models import Delivery
from app.library.deposit import Deposited
from app.mailroom import door as doors
from app.mailroom.models import BotMail
from app.mailroom.reading import read
from app.mailroom.receiving import receive
from tests.cast import House, World, signed_in
from tests.delivery.test_envelope import use_verp
from tests.delivery.world import change, delivery_of, document_of, state_of
from tests.mailroom.letters import as_bytes
from tests.smtp import MailServer

BOT = "quickbooks+dune-alder@mail.guichet.test"
CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "eml"

# A report that names nothing of ours but what a test puts into it.
REPORT = """\
From: MAILER-DAEMON@mx.example
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="r"

--r
Content-Type: text/plain

It could not be delivered.
--r
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
{envelope}

{recipients}
--r
Content-Type: text/rfc822-headers

Subject: Facture
{headers}
--r--
"""
ONE = """\
Final-Recipient: rfc822; {to}@tool.test
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 {said}
"""


def one(action: str = "failed", to: str = "purchases", said: str = "Nobody") -> str:
    return ONE.format(action=action, to=to, said=said)


def report(envelope: str = "", headers: str = "", recipients: str = "") -> bytes:
    given = {"envelope": envelope, "headers": headers}
    return as_bytes(REPORT, recipients=recipients or one(), **given)


@pytest.fixture
def house(world: World, post: MailServer) -> House:
    world.alder.switch("on")
    return world.alder


@pytest.fixture
def sent(house: House) -> Deposited:
    done = house.drop("Facture.pdf")
    assert tick.run()["accepted"] == 1
    return done


def mails() -> list[BotMail]:
    found = db.session.scalars(
        select(BotMail).order_by(BotMail.id).execution_options(populate_existing=True)
    ).all()
    db.session.commit()
    return list(found)


def answer_at_the_door(app: Flask, to: str, raw: bytes) -> int:
    """What a server of the net is told that brings it to this address."""
    db.session.commit()
    (port,) = free_ports(1)
    with (
        doors.opened(app, "127.0.0.1", port),
        smtplib.SMTP("127.0.0.1", port, timeout=20) as line,
    ):
        line.ehlo()
        line.mail("")
        code = line.rcpt(to)[0]
        return line.data(raw)[0] if code == 250 else code


# VERP, through the real door


def test_what_comes_back_to_the_envelope_is_the_delivery_s_bounce(
    app: Flask, house: House, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names nothing else of our message."""
    use_verp(monkeypatch)
    done = house.drop()
    tick.run()
    (mail,) = post.messages
    assert mail.sender.startswith("bounce+")
    assert answer_at_the_door(app, mail.sender.upper(), report()) == 250
    (kept,) = mails()
    assert (kept.bot_address, kept.kind) == (BOT, "bounce")
    assert kept.delivery_id == delivery_of(done).id
    assert state_of(done) == ("bounced", "bounced")
    assert document_of(done).status == "received"


def test_a_return_address_that_is_forged_or_unknown_is_refused_like_any_stranger(
    app: Flask, sent: Deposited
) -> None:
    delivery_id = delivery_of(sent).id
    good = return_address(delivery_id)
    forged = f"{good.partition('.')[0]}.aaaaaaaa@mail.guichet.test"
    assert answer_at_the_door(app, forged, report()) == 550
    db.session.execute(delete(Delivery).where(Delivery.id == delivery_id))
    assert answer_at_the_door(app, good, report()) == 550
    assert mails() == []


def test_the_return_address_is_surer_than_all_that_is_written_inside(
    house: House, sent: Deposited
) -> None:
    other = house.drop("Autre.pdf")
    tick.run()
    names = f"Message-ID: {delivery_of(other).message_id}"
    receive(report(headers=names), "", [return_address(delivery_of(sent).id)])
    assert (state_of(sent)[0], state_of(other)[0]) == ("bounced", "accepted")


def test_it_leads_to_no_other_firm_whatever_is_written_inside(
    world: World, house: House, sent: Deposited
) -> None:
    world.birch.switch("on")
    theirs = world.birch.drop()
    tick.run()
    names = f"Message-ID: {delivery_of(theirs).message_id}"
    told = report(f"Original-Envelope-Id: {delivery_of(theirs).id}", names)
    receive(told, "", [return_address(delivery_of(sent).id)])
    assert (state_of(sent)[0], state_of(theirs)[0]) == ("bounced", "accepted")
    assert [mail.firm_id for mail in mails()] == [house.firm.id]


# RFC 3464


def test_without_a_message_id_the_envelope_id_leads_to_it(sent: Deposited) -> None:
    receive(report(f"Original-Envelope-Id: {delivery_of(sent).id}"), "", [BOT])
    assert state_of(sent) == ("bounced", "bounced")
    assert "Nobody" in (delivery_of(sent).last_text or "")


def test_the_envelope_id_comes_before_the_message_id(
    house: House, sent: Deposited
) -> None:
    other = house.drop("Autre.pdf")
    tick.run()
    names = f"Message-ID: {delivery_of(other).message_id}"
    told = report(f"Original-Envelope-Id: {delivery_of(sent).id}", names)
    receive(told, "", [BOT])
    assert (state_of(sent)[0], state_of(other)[0]) == ("bounced", "accepted")


@pytest.mark.parametrize("by", ["envelope", "headers"])
def test_a_bot_speaks_of_no_delivery_of_another_company(
    house: House, sent: Deposited, by: str
) -> None:
    elm = house.connect(company=house.elm).bot_address
    delivery = delivery_of(sent)
    name = {"envelope": "Original-Envelope-Id", "headers": "X-Delivery-Id"}[by]
    receive(report(**{by: f"{name}: {delivery.id}"}), "", [elm])
    assert state_of(sent) == ("accepted", None)
    assert [mail.delivery_id for mail in mails()] == [None]


def test_last_of_all_our_own_header_leads_to_it(sent: Deposited) -> None:
    receive(report(headers=f"X-Delivery-Id: {delivery_of(sent).id}"), "", [BOT])
    assert state_of(sent) == ("bounced", "bounced")


@pytest.mark.parametrize("action", ["delayed", "relayed", "expanded", "delivered"])
def test_what_has_not_failed_is_matched_and_takes_nothing_back(
    sent: Deposited, action: str
) -> None:
    told = report(f"Original-Envelope-Id: {delivery_of(sent).id}", "", one(action))
    receive(told, "", [BOT])
    (mail,) = mails()
    assert (mail.kind, mail.delivery_id) == ("other", delivery_of(sent).id)
    assert state_of(sent) == ("accepted", None)


@pytest.mark.parametrize("first", ["delivered", "expanded", "delayed"])
def test_of_several_recipients_the_one_that_failed_counts(
    sent: Deposited, first: str
) -> None:
    recipients = f"{one(first, 'a')}\n{one('failed', 'b', 'Mailbox full')}"
    told = report(f"Original-Envelope-Id: {delivery_of(sent).id}", "", recipients)
    receive(told, "", [BOT])
    assert state_of(sent) == ("bounced", "bounced")
    said = delivery_of(sent).last_text or ""
    assert said.startswith("b@tool.test")
    assert "Mailbox full" in said


def test_an_answer_in_plain_text_is_matched_and_shown(
    app: Flask, house: House, sent: Deposited
) -> None:
    """As a tool writes it: no report, no header of ours but in the quoted lines."""
    raw = as_bytes(
        "From: Tool <robot@elsewhere.test>\nSubject: Votre envoi\n\n"
        "Ce document n\u2019a pas pu \u00eatre trait\u00e9 : format inconnu.\n\n"
        "> X-Delivery-Id: {delivery}\n",
        delivery=str(delivery_of(sent).id),
    )
    receive(raw, "robot@elsewhere.test", [BOT])
    (mail,) = mails()
    assert (mail.kind, mail.delivery_id) == ("refusal", delivery_of(sent).id)
    assert state_of(sent) == ("bounced", "bounced")
    told = signed_in(app, house.admin).get(f"/deliveries/{mail.delivery_id}").text
    assert "format inconnu" in told


@pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus is not there")
@pytest.mark.parametrize(
    ("name", "action", "status"),
    [
        ("flanker-mailbox-full.eml", "failed", "5"),
        ("flanker-office365.eml", "failed", "5"),
        ("mikel-report_422.eml", "delayed", "4"),
    ],
)
def test_real_reports_are_read_as_what_they_are(
    name: str, action: str, status: str
) -> None:
    report = read((CORPUS / name).read_bytes()).report
    assert report
    assert (report.action, report.status[:1]) == (action, status)
    assert "@" in report.recipient


@pytest.mark.parametrize("host", ["eu-west-1.amazonses.com", "email.amazonses.com"])
def test_an_answer_to_the_message_id_that_amazon_gave_it_is_matched(
    sent: Deposited, host: str
) -> None:
    name = "0102018fabcdef01-1f2e3d4c-5b6a-7980-aabb-ccddeeff0011-000000"
    change(sent, provider_id=name)
    for given, kind in (("other", None), (name, delivery_of(sent).id)):
        raw = as_bytes(
            "From: Tool <robot@elsewhere.test>\nIn-Reply-To: <{name}@{host}>\n\n"
            "Ce document n\u2019a pas pu \u00eatre trait\u00e9.\n",
            name=given.ljust(20, "0"),
            host=host,
        )
        receive(raw, "robot@elsewhere.test", [BOT])
        assert mails()[-1].delivery_id == kind
    assert state_of(sent) == ("bounced", "bounced")
