"""Every message of the corpus, handed in at each of the three doors, comes to what the
reader says of it: the door adds nothing, takes nothing away and changes nothing.

Line ends are those of the door: SMTP and IMAP know CR LF only.
"""

import re
import smtplib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from _parts import free_ports
from app.collection import jobs
from app.collection.models import InboundMail, InboundPart
from app.collection.reading import reading_of
from app.db import db
from app.library.receiving import store
from app.mailroom import door as doors
from app.mailroom.watching import poll
from tests.cast import World
from tests.imap_server import OWN, ImapServer, imap_server, needs_imap
from tests.mailroom.bringing import SECRET, bring, by_mailgun

CORPUS = Path(__file__).parents[3] / "shared/corpus/eml"
FILES = sorted(CORPUS.glob("*.eml"))
# One door, one company: the same message for the same address is one.
AT_SMTP = "compta+dune-alder@mail.guichet.test"
AT_THE_WEBHOOK = "compta+elm-alder@mail.guichet.test"
IN_THE_MAILBOX = "compta+dune-birch@mail.guichet.test"
FOLDER = "Corpus"

# Gives the bytes as they came to the door.
Deliver = Callable[[bytes, str], bytes]
pytestmark = pytest.mark.skipif(not FILES, reason="the corpus is not in this clone")


@pytest.fixture(scope="module")
def imap() -> Iterator[ImapServer]:
    with imap_server() as server:
        yield server


@pytest.fixture
def by_smtp(app: Flask) -> Iterator[Deliver]:
    (port,) = free_ports(1)
    with (
        doors.opened(app, "127.0.0.1", port),
        smtplib.SMTP("127.0.0.1", port, timeout=20) as line,
    ):

        def send(raw: bytes, to: str) -> bytes:
            whole = with_crlf(raw)
            whole += b"" if whole.endswith(b"\r\n") else b"\r\n"
            line.sendmail("facturation@supplier.test", [to], whole)
            return whole

        yield send


@pytest.fixture
def by_webhook(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Deliver:
    monkeypatch.setitem(app.config, "INBOUND_WEBHOOK_SECRET", SECRET)

    def post(raw: bytes, to: str) -> bytes:
        assert bring(app, "mailgun", by_mailgun(raw, to)).status_code == 200
        return raw

    return post


@pytest.fixture
def by_imap(app: Flask, imap: ImapServer, monkeypatch: pytest.MonkeyPatch) -> Deliver:
    monkeypatch.setitem(app.config, "INBOUND_IMAP_URL", imap.url(FOLDER))

    def put(raw: bytes, to: str) -> bytes:
        with imap.line() as line:
            line.delete(FOLDER)
            line.create(FOLDER)
        imap.deliver(raw, to, FOLDER)
        assert poll() == 1
        head = f"Delivered-To: {OWN}\r\nX-Original-To: {to}\r\n"
        return head.encode() + with_crlf(raw)

    return put


def with_crlf(raw: bytes) -> bytes:
    return re.sub(rb"\r\n|\r|\n", b"\r\n", raw)


@needs_imap
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_door_comes_to_what_the_reader_says(
    world: World,
    by_smtp: Deliver,
    by_webhook: Deliver,
    by_imap: Deliver,
    path: Path,
) -> None:
    raw = path.read_bytes()
    came = [by_smtp(raw, AT_SMTP), by_webhook(raw, AT_THE_WEBHOOK)]
    if raw:  # an IMAP server keeps no empty message
        came.append(by_imap(raw, IN_THE_MAILBOX))
    while jobs.read_waiting():
        pass
    db.session.expire_all()
    mails = db.session.scalars(select(InboundMail).order_by(InboundMail.id)).all()
    assert len(mails) == len(came)
    for mail, bytes_at_the_door in zip(mails, came, strict=True):
        assert store().open(mail.storage_key or "").read() == bytes_at_the_door
        comes_to_what_the_reader_says(mail, bytes_at_the_door)
    assert len({(mail.state, mail.reason) for mail in mails}) == 1
    assert len({mail.subject for mail in mails}) == 1


def comes_to_what_the_reader_says(mail: InboundMail, came: bytes) -> None:
    with reading_of(BytesIO(came)) as reading:
        wanted = {
            (item.number, item.sha256, item.size, not item.ignored)
            for item in reading.items
        }
        is_filed = not reading.defect and bool(reading.documents)
    parts = db.session.scalars(
        select(InboundPart).where(InboundPart.mail_id == mail.id)
    ).all()
    assert wanted == {
        (part.number, part.sha256, part.size, part.outcome != "ignored")
        for part in parts
    }
    assert mail.state in ({"filed"} if is_filed else {"quarantined", "ignored"})
    for part in parts:
        assert bool(part.document_id) == (part.outcome == "filed")
