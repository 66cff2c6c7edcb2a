"""What other products did on a mail's way from its sender to a company (bugs.md, B26
to B39), done to ours: whose it is, what goes round, what comes again, what is taken."""

import re
import smtplib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from flask import Flask
from sqlalchemy import func, select

from _parts import free_ports
from app.collection import jobs
from app.collection.models import InboundMail
from app.db import database_now, db
from app.delivery import tick
from app.delivery.models import Delivery
from app.library.models import Document
from app.library.receiving import store
from app.mailroom import door as doors
from app.notices.models import Notice
from app.s3 import S3Storage
from tests.cast import House, World
from tests.collection.letters import letter
from tests.collection.sending import COMPTA, came, documents, send
from tests.collection.signing import Zone, signed
from tests.files import padded_pdf
from tests.mailroom.bringing import SECRET, bring, by_postmark
from tests.papers import one_page_pdf
from tests.smtp import MailServer

PDF = "application/pdf"
DORA = "Dora Dune <dora@dune.test>"


# Whose it is


def test_b26_what_is_filed_goes_by_the_domain_too(world: World) -> None:
    alder, birch = world.alder, world.birch
    alder.dune.mail_domain, birch.dune.mail_domain = "alder.test", "birch.test"
    alder.dune.slug = birch.dune.slug = "acme"
    db.session.commit()
    raw = letter(("a.pdf", PDF)).replace(
        b"To: whoever@example.test",
        b"To: compta+acme@alder.test\nCc: compta+acme@birch.test",
    )
    assert send(raw, "compta+acme@alder.test").company_id == alder.dune.id
    everywhere = select(Document.company_id).execution_options(across_firms=True)
    assert db.session.scalars(everywhere).all() == [alder.dune.id]
    stray = send(raw, "compta+acme@mail.guichet.test")
    assert (stray.company_id, stray.state) == (None, "quarantined")


def test_b27_headers_of_the_way_are_nothing_to_the_envelope(house: House) -> None:
    head = b"Delivered-To: catchall@mail.guichet.test\nX-Original-To: x@y.test\n"
    mail = send(head + letter(("a.pdf", PDF)))
    assert (mail.company_id, mail.state) == (house.dune.id, "filed")
    assert len(documents()) == 1


@pytest.mark.parametrize("written", [COMPTA.upper(), COMPTA.title(), f" {COMPTA}\n"])
def test_b29_an_address_is_known_in_whatever_case_it_comes(
    house: House, written: str
) -> None:
    mail = send(letter(("a.pdf", PDF)), written)
    assert (mail.company_id, mail.state) == (house.dune.id, "filed")


@pytest.mark.parametrize("to", ["compta", "compta+", "compta-dune-alder", "COMPTA"])
@pytest.mark.parametrize("is_of_two", [False, True])
def test_b29_without_its_tag_it_is_kept_for_a_person_whoever_wrote(
    world: World, zone: Zone, to: str, is_of_two: bool
) -> None:
    """Of one company or of two: nobody guesses between tenants. Dora is a person of
    both firms, so that the operator alone sees what is only hers to tell apart."""
    if not is_of_two:
        world.birch.manager.email = "dora@elsewhere.test"
        db.session.commit()
    raw = letter(("a.pdf", PDF), sender=DORA).replace(b"\n", b"\r\n")
    mail = send(signed(raw, "dune.test"), f"{to}@mail.guichet.test")
    assert (mail.state, mail.reason) == ("quarantined", "unknown_address")
    assert mail.company_id is None
    assert mail.firm_id == (None if is_of_two else world.alder.firm.id)
    everywhere = select(func.count(Document.id)).execution_options(across_firms=True)
    assert db.session.scalar(everywhere) == 0


# What goes round


def by_dora(*files: tuple[str, str], number: int = 1, **how: str) -> bytes:
    raw = letter(*files, sender=DORA, message_id=f"<{number}@dune.test>", **how)
    return signed(raw.replace(b"\n", b"\r\n"), "dune.test")


@pytest.mark.parametrize(
    "to",
    [
        "banque+dune-alder@mail.guichet.test",  # whoever it does not know waits there
        "compta+nobody@mail.guichet.test",
        "compta@mail.guichet.test",
    ],
)
def test_b31_who_is_refused_is_written_to_once_at_the_most(
    house: House, zone: Zone, to: str
) -> None:
    zone.domain("forwarder.test")
    for number in range(20):
        raw = letter(
            ("a.pdf", PDF),
            sender="X <x@forwarder.test>",
            message_id=f"<{number}@forwarder.test>",
        )
        raw = signed(raw.replace(b"\n", b"\r\n"), "forwarder.test")
        assert send(raw, to).state == "quarantined"
    told = db.session.scalars(select(Notice.recipient)).all()
    assert set(told) <= {house.admin.email, house.staff.email}
    assert len(told) == len(set(told))


def left(house: House, post: MailServer) -> bytes:
    """A document of Dora's that left for the tool, as it left."""
    house.switch("on")
    send(by_dora(("a.pdf", PDF)))
    tick.run(database_now())
    [message] = post.messages
    return message.raw


def passed_on(sent: bytes, kind: str) -> bytes:
    """The ways in which a tool, or its mail server, sends on what it got."""
    message = message_from_bytes(sent)
    if kind == "redirected":
        message.replace_header("From", DORA)
        message.replace_header("Message-ID", "<redirected@dune.test>")
        return bytes(message)
    new = EmailMessage()
    new["From"], new["Subject"] = DORA, f"TR: {message['Subject']}"
    new["Message-ID"] = "<passed-on@dune.test>"
    if kind == "answered":
        new["In-Reply-To"] = message["Message-ID"]
    elif kind == "forwarded":
        new["References"] = f"<x@tool.test> {message['Message-ID']}"
    else:
        new.replace_header("From", "Mail System <MAILER-DAEMON@mx.test>")
        new.replace_header("Subject", "Undelivered Mail Returned to Sender")
    new.set_content(f"voir ci-joint\n\nMessage-ID: {message['Message-ID']}\n")
    if kind == "returned whole":
        new.add_attachment(message)
    else:
        new.add_attachment(
            one_page_pdf("a.pdf"), "application", "pdf", filename="a.pdf"
        )
    if kind in {"answered", "forwarded"}:
        del new["Auto-Submitted"]
        text = new.get_body()
        assert text
        text.set_content("voir ci-joint")
    return bytes(new)


PASSED_ON = ["redirected", "answered", "forwarded", "returned", "returned whole"]


@pytest.mark.parametrize("kind", PASSED_ON)
def test_b32_our_paper_that_a_tool_passes_on_does_not_leave_again(
    house: House, zone: Zone, post: MailServer, kind: str
) -> None:
    raw = passed_on(left(house, post), kind)
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if kind.startswith("returned"):
        assert send(raw, envelope=came("")).reason == "report"
    else:
        assert send(signed(raw, "dune.test")).reason in {"own_delivery", "loop"}
    tick.run(database_now())
    sent = [m for m in post.messages if m.recipient.endswith("@tool.test")]
    assert (len(sent), len(documents())) == (1, 1)
    states = db.session.scalars(select(Delivery.state)).all()
    assert states == ["bounced" if kind.startswith("returned") else "accepted"]


# What comes again


@pytest.mark.parametrize("holds", [True, False])
def test_b34_one_that_comes_again_is_flagged_and_held_where_that_is_asked_for(
    house: House, post: MailServer, holds: bool
) -> None:
    house.switch("on")
    house.dune_connection().holds_duplicates = holds
    db.session.commit()
    raw = letter(("a.pdf", PDF))
    for again in (raw, raw, raw.replace(b"<1@", b"<rewritten@relay.")):
        send(again)
        tick.run()
    first, second = sorted(documents(), key=lambda document: document.id)
    assert second.duplicate_of_id == first.id
    assert len(post.messages) == (1 if holds else 2)


def test_b34_a_provider_s_retry_is_one_though_its_bytes_were_rewritten(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "INBOUND_WEBHOOK_SECRET", SECRET)
    raw = letter(("a.pdf", PDF))
    for retry in (raw, raw, b"Received: again\n" + raw.replace(b"<1@", b"<2@")):
        request = by_postmark(retry, COMPTA, message_id="one-delivery")
        assert bring(app, "postmark", request).status_code == 200
    while jobs.read_waiting():
        pass
    assert db.session.scalar(select(func.count(InboundMail.id))) == 1
    assert len(documents()) == 1


# How it is taken


@contextmanager
def line_to(app: Flask) -> Iterator[smtplib.SMTP]:
    (port,) = free_ports(1)
    with (
        doors.opened(app, "127.0.0.1", port),
        smtplib.SMTP("127.0.0.1", port, timeout=20) as line,
    ):
        line.ehlo("relay.supplier.test")
        yield line


def hand_in(line: smtplib.SMTP, raw: bytes, to: str = COMPTA) -> tuple[int, str]:
    line.rset()
    line.mail("facturation@supplier.test")
    line.rcpt(to)
    code, said = line.data(raw)
    return code, said.decode()


def test_b36_after_sixty_to_nobody_the_good_one_is_filed_and_each_was_tried_once(
    app: Flask, house: House
) -> None:
    with line_to(app) as line:
        for number in range(60):
            raw = letter(("x.pdf", PDF), message_id=f"<x{number}@supplier.test>")
            assert hand_in(line, raw, f"compta+no-{number}@mail.guichet.test")[0] == 250
        assert hand_in(line, letter(("good.pdf", PDF)))[0] == 250
    while jobs.read_waiting():
        pass
    assert [document.name for document in documents()] == ["good.pdf"]
    strays = select(InboundMail.state, InboundMail.attempts).where(
        InboundMail.company_id.is_(None)
    )
    assert set(map(tuple, db.session.execute(strays))) == {("quarantined", 1)}


class Unavailable(BaseHTTPRequestHandler):
    """A bucket that answers 503 to everything."""

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(503, "Slow Down")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_given: object) -> None:
        return None


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Storage]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "tests-only")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Unavailable) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        yield S3Storage("guichet", endpoint_url=address, region="us-east-1")
        server.shutdown()


def test_b37_while_the_bucket_says_503_mail_waits_outside_or_inside(
    app: Flask, house: House, bucket: S3Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = store()
    with line_to(app) as line:
        monkeypatch.setitem(app.extensions, "guichet.storage", bucket)
        assert hand_in(line, letter(("a.pdf", PDF)))[0] == 451
        assert db.session.scalar(select(func.count(InboundMail.id))) == 0
        db.session.commit()
        monkeypatch.setitem(app.extensions, "guichet.storage", whole)
        assert hand_in(line, letter(("a.pdf", PDF)))[0] == 250
    monkeypatch.setitem(app.extensions, "guichet.storage", bucket)
    jobs.read_waiting()
    waiting = db.session.scalars(select(InboundMail)).one()
    assert (waiting.state, waiting.attempts, documents()) == ("waiting", 0, [])
    waiting.leased_until = None
    db.session.commit()
    monkeypatch.setitem(app.extensions, "guichet.storage", whole)
    jobs.read_waiting()
    jobs.read_waiting()
    assert [document.name for document in documents()] == ["a.pdf"]


def of_size(size: int) -> bytes:
    """A letter with one PDF, which is a third larger on its way than as a file."""
    raw = letter(("a.pdf", PDF))
    [coded] = re.findall(rb"base64\n.*?\n\n(.*?)\n--", raw, re.DOTALL)
    room = size - len(raw.replace(b"\n", b"\r\n")) + len(coded.replace(b"\n", b"\r\n"))
    made = EmailMessage()
    made.set_content(padded_pdf((room - 2000) * 57 // 78), "application", "pdf")
    body = made.as_bytes().partition(b"\n\n")[2].strip()
    whole = raw.replace(coded, body).replace(b"\n", b"\r\n")
    fill = size - len(whole) - len(b"X-Fill: \r\n")
    lines, rest = divmod(fill, 72)
    filler = (b"x" * 69 + b"\r\n ") * lines + b"x" * rest
    return b"X-Fill: " + filler + b"\r\n" + whole


def test_b39_a_paper_of_the_limit_is_filed_and_beyond_it_is_told_once(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAX_MAIL_MB", 12)
    most = 12_000_000
    with line_to(app) as line:
        assert line.esmtp_features["size"] == str(most)
        code, said_at_once = line.mail("a@supplier.test", [f"SIZE={most + 1}"])
        assert (code, str(most) in said_at_once.decode()) == (552, True)
        for size in (most + 1, most + 10 * 1024 * 1024):
            code, said = hand_in(line, of_size(size))
            assert (code, str(most) in said) == (552, True)
            assert line.noop()[0] == 250, "there was one answer"
        assert hand_in(line, of_size(most - 1))[0] == 250
    jobs.read_waiting()
    assert [document.name for document in documents()] == ["a.pdf"]
    assert db.session.scalars(select(InboundMail.size)).all() == [most - 1]
