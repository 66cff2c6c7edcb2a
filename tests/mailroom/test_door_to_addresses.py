"""What the door says to mail for the companies: by the envelope alone, of every size,
for each recipient; and how much of it is taken at once."""

import smtplib
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from _parts import free_ports
from app.collection import limits
from app.collection.accepting import Envelope
from app.collection.jobs import read_waiting
from app.collection.limits import NotNow
from app.collection.models import InboundMail
from app.db import db
from app.library.receiving import store
from app.mailroom import door as doors
from app.mailroom.entrance import take_in
from app.storage import StorageUnavailable
from tests.cast import House, World
from tests.collection.letters import letter

COMPTA = "compta+dune-alder@mail.guichet.test"
BANQUE = "banque+dune-alder@mail.guichet.test"
STRAY = "compta+nobody@mail.guichet.test"
MOST = 1_000_000
RAW = letter(("Facture.pdf", "application/pdf")).replace(b"\n", b"\r\n")


@pytest.fixture(autouse=True)
def house(world: World, app: Flask, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setitem(app.config, "MAX_MAIL_MB", 1)
    return world.alder


@pytest.fixture
def line(app: Flask) -> Iterator[smtplib.SMTP]:
    (port,) = free_ports(1)
    with (
        doors.opened(app, "127.0.0.1", port),
        smtplib.SMTP("127.0.0.1", port, timeout=20) as host,
    ):
        host.ehlo("relay.supplier.test")
        yield host


class Lmtp(smtplib.LMTP):
    def answers(self, raw: bytes, *recipients: str) -> list[int]:
        """The code for each recipient, after the dot."""
        self.mail("a@b.test")
        accepted = [to for to in recipients if self.rcpt(to)[0] == 250]
        assert self.docmd("DATA")[0] == 354
        self.send(smtplib._quote_periods(raw) + b"\r\n.\r\n")  # type: ignore[attr-defined]
        return [self.getreply()[0] for _ in accepted]


@pytest.fixture
def lmtp(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lmtp]:
    monkeypatch.setitem(app.config, "INBOUND_PROTOCOL", "lmtp")
    (port,) = free_ports(1)
    with (
        doors.opened(app, "127.0.0.1", port),
        Lmtp("127.0.0.1", port, timeout=20) as host,
    ):
        host.ehlo("relay.test")
        yield host


def mails() -> list[InboundMail]:
    db.session.rollback()
    found = db.session.scalars(
        select(InboundMail)
        .order_by(InboundMail.recipient, InboundMail.id)
        .execution_options(populate_existing=True)
    ).all()
    db.session.commit()
    return list(found)


def send(line: smtplib.SMTP, raw: bytes, *recipients: str) -> int:
    line.mail("facturation@supplier.test")
    for to in recipients:
        line.rcpt(to)
    return int(line.data(raw)[0])


def of_size(size: int, filler: bytes = b"0123456789abcdef\r\n") -> bytes:
    head = b"Subject: big\r\n\r\n"
    whole = head + filler * (size // len(filler))
    return whole[: size - 2] + b"\r\n"


# Size (B39)


@pytest.mark.parametrize(
    ("size", "code"),
    [(MOST - 1, 250), (MOST, 250), (MOST + 1, 552), (MOST + 600_000, 552)],
)
def test_the_size_that_is_advertised_is_the_one_that_is_applied(
    line: smtplib.SMTP, size: int, code: int
) -> None:
    assert line.esmtp_features["size"] == str(MOST)
    assert send(line, of_size(size), COMPTA) == code
    assert [mail.size for mail in mails()] == ([size] if code == 250 else [])
    assert line.noop()[0] == 250, "there was one answer, and the line goes on"


def test_far_beyond_it_is_one_552_too(app: Flask, line: smtplib.SMTP) -> None:
    line.mail("a@b.test")
    line.rcpt(COMPTA)
    assert line.data(of_size(MOST + 990_000))[0] == 552
    assert line.noop()[0] == 250
    assert mails() == []


def test_dots_that_are_doubled_on_the_way_do_not_count(line: smtplib.SMTP) -> None:
    raw = of_size(MOST, b".\r\n")
    assert send(line, raw, COMPTA) == 250
    [mail] = mails()
    assert store().open(mail.storage_key or "").read() == raw


# The envelope


def test_who_brought_it_is_kept(line: smtplib.SMTP) -> None:
    assert send(line, RAW, COMPTA) == 250
    [mail] = mails()
    assert (mail.door, mail.client_ip, mail.helo, mail.sender) == (
        *("smtp", "127.0.0.1", "relay.supplier.test", "facturation@supplier.test"),
    )


def test_each_recipient_has_a_mail_of_its_own_whatever_the_headers_say(
    line: smtplib.SMTP,
) -> None:
    """Blind copies are known by the envelope only."""
    raw = b"To: compta+elm-alder@mail.guichet.test\r\n" + RAW
    assert send(line, raw, COMPTA, BANQUE, COMPTA.upper()) == 250
    assert [mail.recipient for mail in mails()] == [BANQUE, COMPTA]


def test_two_firms_with_one_slug_are_told_apart_by_the_domain(
    line: smtplib.SMTP, world: World
) -> None:
    alder, birch = world.alder, world.birch
    alder.dune.mail_domain, birch.dune.mail_domain = "alder.test", "birch.test"
    alder.dune.slug = birch.dune.slug = "acme"
    db.session.commit()
    raw = b"To: compta+acme@alder.test\r\nCc: compta+acme@birch.test\r\n" + RAW
    assert send(line, raw, "compta+acme@birch.test") == 250
    assert [mail.company_id for mail in mails()] == [birch.dune.id]


@pytest.mark.parametrize(
    "to", ["compta@mail.guichet.test", "compta+@mail.guichet.test", STRAY]
)
def test_an_address_that_lost_its_tag_is_kept_for_a_person_and_never_guessed(
    line: smtplib.SMTP, to: str
) -> None:
    assert send(line, RAW, to) == 250
    read_waiting()
    [mail] = mails()
    assert (mail.company_id, mail.state, mail.reason) == (
        *(None, "quarantined", "unknown_address"),
    )


# How much is taken


def test_strays_of_a_domain_are_capped_and_nobody_else_s_mail_is(
    line: smtplib.SMTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STRAYS_OF_DOMAIN", 2)
    for number in range(2):
        line.rset()
        assert send(line, RAW, f"x{number}@mail.guichet.test") == 250
    line.rset()
    line.mail("a@b.test")
    assert line.rcpt("x3@mail.guichet.test")[0] == 451
    assert line.rcpt(COMPTA)[0] == 250
    assert line.data(RAW)[0] == 250
    assert len(mails()) == 3


def test_strays_of_a_client_are_capped_and_one_that_is_known_is_not_refused(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STRAYS_OF_CLIENT", 1)
    one, other = (Envelope("smtp", client_ip=ip) for ip in ("8.8.4.4", "8.8.8.8"))
    take_in(RAW, one, [STRAY])
    with pytest.raises(NotNow):
        take_in(RAW, one, ["x2@mail.guichet.test"])
    take_in(RAW, one, [STRAY])  # again, after an answer that was lost
    take_in(RAW, one, [COMPTA])
    take_in(RAW, other, ["x2@mail.guichet.test"])
    assert len(mails()) == 3


def test_an_hour_later_strays_are_taken_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STRAYS_OF_DOMAIN", 1)
    take_in(RAW, Envelope("smtp"), [STRAY])
    [mail] = mails()
    mail.received_at -= limits.AN_HOUR
    db.session.commit()
    take_in(RAW, Envelope("smtp"), ["x2@mail.guichet.test"])


def test_an_address_with_too_much_waiting_asks_for_patience_and_then_goes_on(
    line: smtplib.SMTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_WAITING", len(RAW) - 1)
    assert send(line, RAW, COMPTA) == 250
    line.mail("a@b.test")
    assert line.rcpt(COMPTA)[0] == 451
    assert line.rcpt(BANQUE)[0] == 250
    line.rset()
    read_waiting()
    db.session.commit()
    assert send(line, RAW.replace(b"<1@", b"<2@"), COMPTA) == 250


# LMTP (RFC 2033)


def test_by_lmtp_each_recipient_has_an_answer_of_its_own(lmtp: Lmtp) -> None:
    assert lmtp.answers(RAW, COMPTA, "x@elsewhere.test", STRAY) == [250, 250]
    assert [(mail.door, mail.client_ip, mail.helo) for mail in mails()] == [
        ("lmtp", "", "")
    ] * 2


def test_by_lmtp_what_is_too_big_is_said_to_each(lmtp: Lmtp) -> None:
    for size in (MOST + 1, MOST + 990_000):
        assert lmtp.answers(of_size(size), COMPTA, BANQUE) == [552, 552]
        assert lmtp.noop()[0] == 250
    assert mails() == []


def test_by_lmtp_one_may_be_kept_and_another_not(
    lmtp: Lmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = store().writer, iter(range(9))

    def away_at_first(*_: Any) -> Any:
        if next(calls) == 0:
            raise StorageUnavailable("away")
        return real()

    with monkeypatch.context() as patch:
        patch.setattr(type(store()), "writer", away_at_first)
        assert lmtp.answers(RAW, COMPTA, BANQUE) == [451, 250]
    assert [mail.recipient for mail in mails()] == [BANQUE]
    assert lmtp.answers(RAW, COMPTA) == [250]


def test_lmtp_is_greeted_by_its_own_word_only(lmtp: Lmtp) -> None:
    assert lmtp.docmd("EHLO", "x")[0] == 500
    assert lmtp.docmd("LHLO", "x")[0] == 250


def test_the_null_sender_is_none_whatever_it_is_spelt_like(
    line: smtplib.SMTP, lmtp: Lmtp
) -> None:
    """RFC 5321, 4.5.5: what comes from nobody is never answered."""
    for number, door in enumerate((line, lmtp)):
        assert door.mail("")[0] == 250
        door.rcpt(COMPTA)
        assert door.data(RAW.replace(b"<1@", f"<{number}@".encode()))[0] == 250
    read_waiting()
    assert [(mail.sender, mail.is_automatic) for mail in mails()] == [("", True)] * 2
