"""A catch-all mailbox at a real IMAP server: what is for us is taken once and stays."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from imap_tools import BaseMailBox
from imap_tools.errors import MailboxFetchError
from sqlalchemy import select

from app.collection import limits
from app.collection.jobs import read_waiting
from app.collection.models import InboundMail, WatchedMailbox
from app.db import db
from app.library.models import Document
from app.library.receiving import store
from app.mailroom import entrance, mailbox as mailboxes, watching
from app.mailroom.watching import poll, recipients_of
from app.storage import StorageUnavailable
from tests.cast import House, World
from tests.certificates import new_authority, self_signed
from tests.collection.letters import letter
from tests.imap_server import OWN, ImapServer, imap_server, needs_imap

pytestmark = needs_imap
COMPTA = "compta+dune-alder@mail.guichet.test"
BANQUE = "banque+dune-alder@mail.guichet.test"
RAW = letter(("Facture.pdf", "application/pdf")).replace(b"\n", b"\r\n")


@pytest.fixture(scope="module")
def running() -> Iterator[ImapServer]:
    with imap_server() as server:
        yield server


@pytest.fixture
def server(
    running: ImapServer, app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> ImapServer:
    """With an empty folder, counted anew, that the application watches."""
    with running.line() as line:
        line.delete("Collecte")
        line.create("Collecte")
    monkeypatch.setitem(app.config, "INBOUND_IMAP_URL", running.url("Collecte"))
    return running


@pytest.fixture
def house(world: World) -> House:
    return world.alder


Deliver = Callable[..., None]


@pytest.fixture
def deliver(server: ImapServer) -> Deliver:
    def one(raw: bytes, to: str = "") -> None:
        server.deliver(raw, to, "Collecte")

    return one


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the messages that are downloaded whole."""
    seen: list[int] = []
    whole = mailboxes.Mailbox.whole

    def watched(self: mailboxes.Mailbox, uid: int) -> bytes | None:
        seen.append(uid)
        return whole(self, uid)

    monkeypatch.setattr(mailboxes.Mailbox, "whole", watched)
    return seen


def mails() -> list[InboundMail]:
    db.session.rollback()
    found = db.session.scalars(
        select(InboundMail)
        .order_by(InboundMail.id)
        .execution_options(populate_existing=True)
    ).all()
    db.session.commit()
    return list(found)


def watched() -> WatchedMailbox:
    db.session.rollback()
    found = db.session.scalars(
        select(WatchedMailbox).execution_options(populate_existing=True)
    ).one()
    db.session.commit()
    return found


def another(number: int) -> bytes:
    return RAW.replace(b"<1@", f"<{number}@".encode())


def test_what_came_for_an_address_of_ours_is_taken_once_and_stays(
    server: ImapServer, deliver: Deliver, fetched: list[int]
) -> None:
    deliver(RAW, COMPTA.replace("compta", "Compta"))
    assert [poll(), poll(), poll()] == [1, 0, 0]
    [mail] = mails()
    head = f"Delivered-To: {OWN}\r\nX-Original-To: {mail.recipient}\r\n".encode()
    assert store().open(mail.storage_key or "").read().lower() == (head + RAW).lower()
    assert (mail.door, mail.recipient, mail.state) == ("imap", COMPTA, "waiting")
    assert fetched == [1]
    read_waiting()
    assert db.session.scalars(select(Document.name)).all() == ["Facture.pdf"]
    with server.line() as line:
        line.select("Collecte")
        _said, flags = line.fetch("1", "(FLAGS)")
    assert "Seen" not in repr(flags), "a person finds it unread"


def test_only_what_is_new_is_downloaded(deliver: Deliver, fetched: list[int]) -> None:
    for number in range(3):
        deliver(another(number), COMPTA)
    poll()
    deliver(another(4), BANQUE)
    assert poll() == 1
    assert fetched == [1, 2, 3, 4]
    assert watched().last_uid == 4


def test_where_the_server_counts_anew_nothing_is_doubled(
    server: ImapServer, deliver: Deliver, fetched: list[int]
) -> None:
    deliver(RAW, COMPTA)
    poll()
    before = watched().uid_validity
    with server.line() as line:
        line.delete("Collecte")
        line.create("Collecte")
    deliver(another(2), COMPTA)
    deliver(RAW, COMPTA)
    assert poll() == 2
    assert watched().uid_validity != before
    assert watched().last_uid == 2
    assert len(mails()) == 2


@pytest.mark.parametrize(
    ("headers", "to"),
    [
        (f"Delivered-To: {OWN}\r\nX-Original-To: {COMPTA}", COMPTA),
        (f"X-Original-To: <{COMPTA.upper()}>\r\nDelivered-To: {OWN}", COMPTA),
        (f"Envelope-To: {COMPTA}", COMPTA),
        (f"Delivered-To: {OWN}\r\nX-Gm-Original-To: {COMPTA}", COMPTA),
        (f"X-Delivered-To: {COMPTA}", COMPTA),
        (f"X-Envelope-To: <{COMPTA}>", COMPTA),
        (f"Delivered-To: {COMPTA}\r\nDelivered-To: {BANQUE}", COMPTA),
        (f"Delivered-To: me@elsewhere.test\r\nDelivered-To: {COMPTA}", COMPTA),
        (f"To: {COMPTA}\r\nDelivered-To: {OWN}", None),
        (f"Delivered-To: {OWN}", None),
        ("Delivered-To: \r\nDelivered-To: @\r\nDelivered-To: \udcff", None),
        ("", None),
    ],
)
def test_it_is_for_the_topmost_that_is_ours_and_not_the_mailbox_s_own(
    world: World, headers: str, to: str | None
) -> None:
    raw = headers.encode(errors="surrogateescape") + b"\r\nSubject: x\r\n\r\n"
    assert recipients_of(raw, OWN) == ([to] if to else [])


@pytest.mark.parametrize("login", ["collecte", "collecte@provider.test", OWN])
@pytest.mark.parametrize("first", [True, False])
def test_b27_the_catch_all_s_own_address_is_no_recipient_however_one_signs_in(
    world: World, login: str, first: bool
) -> None:
    """A provider's user name is often another one than the address."""
    lines = [f"Delivered-To: {OWN}", f"X-Original-To: {COMPTA}"]
    head = "\r\n".join(lines if first else reversed(lines))
    assert recipients_of(head.encode() + b"\r\n\r\n", login) == [COMPTA]


def test_b27_of_two_that_are_nobody_s_the_topmost_is_kept_for_a_person(
    world: World,
) -> None:
    strays = [f"X-Original-To: x{n}@mail.guichet.test\r\n" for n in range(2)]
    head = f"Delivered-To: {OWN}\r\n{''.join(strays)}\r\n".encode()
    assert recipients_of(head, OWN) == ["x0@mail.guichet.test"]


@pytest.mark.parametrize("line", ["Envelope-to: {}, {}", "Envelope-to: {},\r\n {}"])
def test_one_that_was_delivered_once_for_several_is_for_each_of_them(
    deliver: Deliver, line: str
) -> None:
    """As Exim writes it, where all that a domain gets goes to one mailbox."""
    deliver(f"{line.format(OWN, COMPTA)}, {BANQUE}\r\n".encode() + RAW)
    assert [poll(), poll()] == [1, 0]
    assert sorted(mail.recipient for mail in mails()) == [BANQUE, COMPTA]


def test_what_finds_its_address_full_is_taken_once_that_was_read(
    deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_WAITING", 1)
    for number in (1, 2, 3):
        deliver(another(number), COMPTA)
    assert poll() == 1
    assert "wait for" in watched().trouble
    read_waiting()
    assert poll() == 1
    read_waiting()
    assert poll() == 1
    assert (len(mails()), watched().trouble) == (3, "")


def test_what_is_for_the_mailbox_alone_is_nobody_s_business(
    deliver: Deliver, fetched: list[int]
) -> None:
    deliver(RAW, "me@elsewhere.test")
    assert poll() == 0
    assert (fetched, mails(), watched().trouble, watched().last_uid) == ([], [], "", 1)


def test_one_that_says_not_for_whom_is_told_and_left(deliver: Deliver) -> None:
    deliver(RAW)
    deliver(another(2), COMPTA)
    assert poll() == 1
    assert "UID 1 says not for whom" in watched().trouble
    assert poll() == 0
    assert "UID 1" in watched().trouble, "until another one came well"
    deliver(another(3), COMPTA)
    poll()
    assert watched().trouble == ""


def test_one_beyond_the_size_is_not_downloaded_and_a_person_learns_of_it(
    app: Flask,
    deliver: Deliver,
    fetched: list[int],
    house: House,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(app.config, "MAX_MAIL_MB", 1)
    deliver(RAW + b"0123456789\r\n" * 100_000, COMPTA)
    deliver(another(2), COMPTA)
    assert [poll(), poll()] == [1, 0]
    read_waiting()
    big, small = mails()
    assert (big.state, big.reason, big.storage_key) == ("quarantined", "oversize", None)
    assert (big.company_id, big.recipient) == (house.dune.id, COMPTA)
    assert big.size > 1_000_000
    assert small.state == "filed"
    assert fetched == [2]
    assert "too big" in watched().trouble


def test_strays_beyond_what_is_taken_stay_where_they_are(
    deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STRAYS_OF_DOMAIN", 1)
    for number in range(3):
        deliver(another(number), f"x{number}@mail.guichet.test")
    deliver(another(4), COMPTA)
    assert poll() == 2
    assert [mail.recipient for mail in mails()] == ["x0@mail.guichet.test", COMPTA]
    assert "UID 3 1 strays" in watched().trouble


def test_when_the_store_is_away_it_is_taken_afterwards_once(
    deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise StorageUnavailable("away")

    deliver(RAW, COMPTA)
    with monkeypatch.context() as patch:
        patch.setattr(type(store()), "writer", away)
        assert poll() == 0
    assert watched().trouble == "StorageUnavailable"
    assert poll() == 1
    assert watched().trouble == ""
    assert len(mails()) == 1


def test_one_that_the_server_does_not_give_out_keeps_nobody_waiting(
    deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = mailboxes.Mailbox.head

    def broken(self: mailboxes.Mailbox, uid: int) -> Any:
        if uid == 1:
            raise mailboxes.Unfetchable("NO internal error")
        return head(self, uid)

    monkeypatch.setattr(mailboxes.Mailbox, "head", broken)
    deliver(RAW, COMPTA)
    deliver(another(2), COMPTA)
    assert poll() == 1
    assert "UID 1 NO internal error" in watched().trouble


@pytest.mark.parametrize(
    "said",
    [
        b"[UNAVAILABLE] User's backend is down for maintenance",
        b"[INUSE] Mailbox in use",
        b"Account exceeded command or bandwidth limits.",
    ],
)
def test_what_the_server_does_not_give_out_now_is_taken_later(
    deliver: Deliver, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    def away(*_given: Any, **_more: Any) -> Any:
        raise MailboxFetchError(("NO", [said]), "OK")

    deliver(RAW, COMPTA)
    with monkeypatch.context() as server:
        server.setattr(BaseMailBox, "fetch", away)
        assert poll() == 0
        assert said.split()[-1].decode() in watched().trouble
    assert (poll(), watched().trouble) == (1, "")


def test_cut_off_after_the_mail_is_kept_it_is_not_taken_twice(
    deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(RAW, COMPTA)
    with monkeypatch.context() as patch:
        patch.setattr(watching.Watch, "_came_to", _cut)
        poll()
    assert len(mails()) == 1
    assert poll() == 1, "it is looked at again, and known"
    assert len(mails()) == 1


def _cut(*_: Any) -> None:
    raise RuntimeError("cut off")


def test_two_looks_at_once_download_each_message_once(
    deliver: Deliver, fetched: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        deliver(another(number), COMPTA)
    real = entrance.take_in
    nested: list[bool] = []

    def meanwhile(*given: Any) -> Any:
        done = real(*given)
        if not nested:
            nested.append(True)
            watching.Watch._came_to(_watch(), 1, watched().uid_validity)
            poll()
        return done

    monkeypatch.setattr(watching, "take_in", meanwhile)
    poll()
    assert fetched == [1, 2]
    assert len(mails()) == 2


def _watch() -> watching.Watch:
    return watching.Watch(watched().name, OWN)


@pytest.mark.parametrize("what", ["password", "folder", "host"])
def test_a_mailbox_that_cannot_be_opened_is_told_without_its_password(
    app: Flask, server: ImapServer, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    urls = {
        "password": server.url(password="wrong-password"),
        "folder": server.url("Nowhere"),
        "host": server.url().replace(str(server.port), "1"),
    }
    monkeypatch.setitem(app.config, "INBOUND_IMAP_URL", urls[what])
    assert poll() == 0
    assert watched().trouble
    assert "wrong-password" not in watched().trouble + watched().name


def test_over_tls_only_a_server_that_proves_its_name_is_believed(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    authority = new_authority(tmp_path)
    authority.context()
    self_signed(tmp_path)
    for file, trusted in (("self-signed.pem", False), ("server.pem", True)):
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted))
        with imap_server(tmp_path / file) as server:
            server.deliver(RAW, COMPTA)
            url = server.url(scheme="imaps")
            monkeypatch.setitem(app.config, "INBOUND_IMAP_URL", url)
            assert poll() == (1 if trusted else 0)
            assert ("certificate" in watched().trouble.lower()) != trusted
            db.session.delete(watched())
            db.session.commit()
