"""A watched mailbox whose server, or whose messages, break the rules: what cannot be
taken is left and told, and keeps no other message waiting."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from flask import Flask
from imap_tools import BaseMailBox
from sqlalchemy import select

from app.collection.models import InboundMail, WatchedMailbox
from app.db import db
from app.mailroom import watching
from app.mailroom.mailbox import Fetched, Mailbox
from tests.cast import World
from tests.collection.letters import letter

COMPTA = b"compta+dune-alder@mail.guichet.test"
RAW = letter(("Facture.pdf", "application/pdf")).replace(b"\n", b"\r\n")


class Line:
    """What the server answers to each fetch, the headers alone or the whole."""

    def __init__(self, messages: dict[int, tuple[bytes, list[Any]]]) -> None:
        self.messages = messages

    def uids(self, *_given: Any, **_more: Any) -> list[str]:
        return [str(uid) for uid in self.messages]

    def fetch(
        self, uid_list: list[str], headers_only: bool = False, **_more: Any
    ) -> Iterator[Fetched]:
        head, answer = self.messages[int(uid_list[0])]
        yield Fetched([(b"1 (RFC822.SIZE 900 {9}", head)] if headers_only else answer)


def good(number: int, to: bytes = COMPTA) -> tuple[bytes, list[Any]]:
    raw = b"Delivered-To: %s\r\n" % to + RAW.replace(b"<1@", b"<%d@" % number)
    return raw.partition(b"\r\n\r\n")[0], [(b"1 (BODY[] {9}", raw)]


def look_at(
    messages: dict[int, tuple[bytes, list[Any]]],
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[int, str]:
    @contextmanager
    def opened(_at: object) -> Iterator[Mailbox]:
        yield Mailbox(cast(BaseMailBox, Line(messages)), 1)

    monkeypatch.setitem(app.config, "INBOUND_IMAP_URL", "imaps://me:x@imap.test/INBOX")
    monkeypatch.setattr(watching, "opened", opened)
    taken = watching.poll()
    db.session.rollback()
    row = db.session.scalars(select(WatchedMailbox)).one()
    return taken, row.trouble


@pytest.mark.parametrize(
    "answer", [[b"1 (UID 1 BODY[] NIL)"], [(b"1 (BODY[] {0}", b""), b")"], [b"1 ()"]]
)
def test_a_message_that_the_server_gives_out_empty_is_left_and_told(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, answer: list[Any]
) -> None:
    head, _whole = good(1)
    found = look_at({1: (head, answer), 2: good(2)}, app, monkeypatch)
    assert found[0] == 1
    assert found[1].startswith("UID 1 ")
    [mail] = db.session.scalars(select(InboundMail)).all()
    assert mail.message_id == "<2@supplier.test>"


@pytest.mark.parametrize(
    "to",
    [
        b"com\x00pta+dune-alder@mail.guichet.test",
        b"<\x00compta@mail.guichet.test>, " + COMPTA,
        b"compt\xe9+dune-alder@mail.guichet.test",
        b"x" * 5000 + b"@mail.guichet.test",
    ],
)
def test_an_address_that_no_database_takes_keeps_no_other_mail_waiting(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, to: bytes
) -> None:
    look_at({1: good(1, to), 2: good(2)}, app, monkeypatch)
    names = db.session.scalars(select(InboundMail.message_id)).all()
    assert "<2@supplier.test>" in names


def test_a_return_path_that_no_database_takes_keeps_no_mail_out(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, [(said, raw)] = good(1)
    top = b"Return-Path: <a\x00\xe9@supplier.test>\r\n"
    look_at({1: (top + head, [(said, top + raw)])}, app, monkeypatch)
    assert len(db.session.scalars(select(InboundMail)).all()) == 1
