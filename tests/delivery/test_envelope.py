"""The envelope: return addresses that nobody can make, and what servers may report."""

import uuid
from dataclasses import replace

import pytest
from flask import Flask
from hypothesis import given, strategies as st

from app.connectors import catalogue
from app.delivery import tick
from app.delivery.envelope import return_address, returned_to
from app.delivery.providers.known import PROVIDERS
from app.delivery.xtext import from_xtext, xtext
from tests.cast import House
from tests.delivery.world import delivery_of, let_time_pass
from tests.smtp import MailServer

BOT = "quickbooks+dune-alder@mail.guichet.test"


@pytest.fixture
def verp(monkeypatch: pytest.MonkeyPatch) -> None:
    use_verp(monkeypatch)


def run_until_it_is_repeated() -> None:
    """One run sends it, one finds the doubt, one repeats it."""
    for _ in range(3):
        tick.run()
        let_time_pass(60)


def use_verp(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the tool's file said so."""
    app = replace(catalogue.get("quickbooks"), envelope="verp")
    monkeypatch.setitem(catalogue.everything(), "quickbooks", app)
    assert catalogue.get("quickbooks").envelope == "verp"


def test_a_return_address_leads_back_to_its_delivery(app: Flask) -> None:
    delivery = uuid.uuid4()
    address = return_address(delivery)
    assert len(address.partition("@")[0]) <= 64
    assert returned_to(address) == returned_to(f" {address.upper()} ") == delivery


def test_one_that_is_changed_anywhere_leads_nowhere(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = return_address(uuid.UUID(int=7))
    other = return_address(uuid.UUID(int=8))
    name, _dot, rest = address.partition(".")
    forged = [
        *(f"{name}.{other.partition('.')[2]}", f"{name}.aaaaaaaa@mail.guichet.test"),
        *(f"{name}@mail.guichet.test", address.replace("mail.", "mel.")),
        *(f"{name[:-1]}.{rest}", f"x{address}", f"{address}x", "", "bounce+@", "@"),
        *(address.replace("+", "-"), f"{name}.{rest}\n@x", "bounce+\x00"),
    ]
    assert [a for a in forged if returned_to(a)] == []
    monkeypatch.setitem(app.config, "SECRET_KEY", "another one")
    assert returned_to(address) is None


def test_the_envelope_is_the_bot_s_unless_the_tool_s_file_says_otherwise(
    house: House, smtp: MailServer
) -> None:
    house.drop()
    tick.run()
    assert smtp.messages[0].sender == BOT


@pytest.mark.usefixtures("verp")
def test_with_verp_the_envelope_is_the_delivery_s_and_from_stays_the_bot(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    smtp.fails("ack")
    run_until_it_is_repeated()
    first, second = smtp.messages
    assert returned_to(first.sender) == delivery_of(done).id
    assert first.sender == second.sender
    assert first.message["From"].addresses[0].addr_spec == BOT
    assert second.raw.replace(b"X-Delivery-Attempt: 2\r\n", b"") == first.raw


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_the_provider_is_given_is_the_same_at_every_attempt(
    app: Flask,
    house: House,
    smtp: MailServer,
    monkeypatch: pytest.MonkeyPatch,
    provider: str,
) -> None:
    monkeypatch.setitem(app.config, "MAIL_PROVIDER", provider)
    done = house.drop()
    smtp.fails("ack")
    run_until_it_is_repeated()
    first, second = (mail.raw for mail in smtp.messages)
    assert second.replace(b"X-Delivery-Attempt: 2\r\n", b"") == first
    headers = first.partition(b"\r\n\r\n")[0].decode()
    delivery = str(delivery_of(done).id)
    given_back = [line for line in headers.splitlines() if delivery in line]
    known = ("X-PM-", "X-Mailgun-", "X-SMTPAPI:", "X-SES-")
    assert sum(line.startswith(known) for line in given_back) == 1


def test_a_server_that_reports_is_told_what_and_by_which_name(
    house: House, smtp: MailServer
) -> None:
    smtp.dsn = True
    done = house.drop()
    assert tick.run()["accepted"] == 1
    mail, rcpt = (
        next(words for words in smtp.commands if words.lower().startswith(verb))
        for verb in ("mail", "rcpt")
    )
    assert mail.split("> ")[1].split()[1:] == [
        *("RET=HDRS", f"ENVID={delivery_of(done).id}"),
    ]
    assert rcpt.split("> ")[1].split() == [
        *("NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;purchases.dune-alder@tool.test"),
    ]


def test_one_that_does_not_is_told_nothing(house: House, smtp: MailServer) -> None:
    house.drop()
    tick.run()
    assert not any("ENVID" in words or "NOTIFY" in words for words in smtp.commands)


@given(st.text(alphabet=st.characters(min_codepoint=0, max_codepoint=127)))
def test_xtext_is_printable_and_comes_back(value: str) -> None:
    coded = xtext(value)
    assert all("!" <= c <= "~" and c != "=" for c in coded)
    assert from_xtext(coded) == value
