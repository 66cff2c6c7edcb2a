"""The SMTP door over a real line: what it says «250» to is kept, all else is not."""

import signal
import smtplib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from _parts import free_ports
from app.collection.models import InboundMail
from app.connectors import bots
from app.db import db
from app.library.receiving import store
from app.mailroom import door as doors, line as lines
from app.mailroom.models import BotMail
from app.storage import StorageUnavailable
from tests.cast import House, World
from tests.delivery.processes import environment, signal_all, start, wait_until
from tests.mailroom.letters import INVITATION, as_bytes
from tests.smtp import MailServer

BOT = "quickbooks+dune-alder@mail.guichet.test"
RAW = as_bytes(INVITATION)


@pytest.fixture
def house(world: World) -> House:
    world.alder.connect()
    return world.alder


@pytest.fixture
def port(app: Flask, house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setitem(app.config, "MAX_MAIL_MB", 1)
    (free,) = free_ports(1)
    with doors.opened(app, "127.0.0.1", free):
        yield free


@pytest.fixture
def line(port: int) -> Iterator[smtplib.SMTP]:
    host = smtplib.SMTP("127.0.0.1", port, timeout=20)
    host.ehlo()
    yield host
    host.close()


def mails() -> list[BotMail]:
    db.session.rollback()
    db.session.expire_all()
    found = list(db.session.scalars(select(BotMail)))
    db.session.commit()  # on SQLite an open transaction keeps the door out
    return found


def send(line: smtplib.SMTP, raw: bytes = RAW, to: str = BOT) -> tuple[int, bytes]:
    line.mail("invite@intuit.example")
    code, answer = line.rcpt(to)
    return line.data(raw) if code == 250 else (code, answer)


def test_what_is_accepted_is_kept_byte_for_byte(line: smtplib.SMTP) -> None:
    assert send(line, RAW + b"..\r\n.a line\r\n")[0] == 250
    (mail,) = mails()
    assert mail.sender == "invite@intuit.example"
    assert store().open(mail.storage_key).read() == RAW + b"..\r\n.a line\r\n"


def test_it_is_committed_before_the_answer(
    line: smtplib.SMTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the door has its answer ready, another connection sees the row."""
    seen = []
    take = doors.Door.take

    def watched(self: doors.Door, *given: Any) -> str:
        answer = take(self, *given)
        with self.app.app_context(), db.engine.connect() as other:
            seen.append(len(other.execute(select(BotMail.id)).all()))
        return answer

    monkeypatch.setattr(doors.Door, "take", watched)
    assert send(line)[0] == 250
    assert seen == [1]


def test_one_that_comes_again_after_a_lost_answer_is_one(line: smtplib.SMTP) -> None:
    assert send(line)[0] == send(line)[0] == 250
    assert len(mails()) == 1


def test_an_address_elsewhere_is_refused_at_once(line: smtplib.SMTP) -> None:
    for address in ("a@elsewhere.test", "@", BOT + "x"):
        line.rset()
        code, answer = send(line, to=address)
        assert code in {501, 550, 553}, (address, code, answer)
    assert send(line, to="compta@elsewhere.test") == (
        *(550, b"5.1.1 No such mailbox here"),
    )
    assert mails() == []


def test_the_known_one_among_unknown_ones_gets_its_mail(line: smtplib.SMTP) -> None:
    refused = line.sendmail("", [BOT.upper(), "nobody@elsewhere.test"], RAW)
    assert set(refused) == {"nobody@elsewhere.test"}
    assert len(mails()) == 1


def test_a_message_that_is_too_big_is_refused(line: smtplib.SMTP) -> None:
    assert line.esmtp_features["size"] == "1000000"
    assert line.mail("a@b.test", ["SIZE=1000001"])[0] == 552
    line.rset()
    assert send(line, b"Subject: x\r\n\r\n" + b"0123456789\r\n" * 100_000)[0] == 552
    assert mails() == []
    line.rset()
    assert send(line)[0] == 250, "the line goes on"


def test_a_long_line_is_taken(line: smtplib.SMTP) -> None:
    raw = b"Subject: long\r\n\r\n" + b"a" * 500_000 + b"\r\n"
    assert send(line, raw)[0] == 250
    assert store().open(mails()[0].storage_key).read() == raw


@pytest.mark.parametrize("piece", [b"a" * 100_000, b"\r\n" * 20_000])
def test_what_never_ends_is_cut_off(
    port: int, piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MOST_LINES", 200_000)
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as line:
        line.ehlo()
        line.mail("a@b.test")
        line.rcpt(BOT)
        line.docmd("DATA")
        with pytest.raises((OSError, smtplib.SMTPServerDisconnected)):
            line.send(piece * 400)
    assert mails() == []


def test_a_slow_line_that_goes_on_is_not_cut_off(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Patience is for what is silent (RFC 5321, 4.5.3.2), not for the whole message."""
    monkeypatch.setattr(doors, "PATIENCE", 2)
    (free,) = free_ports(1)
    with doors.opened(app, "127.0.0.1", free), smtplib.SMTP("127.0.0.1", free) as line:
        line.ehlo()
        line.mail("a@b.test")
        line.rcpt(BOT)
        line.docmd("DATA")
        for _ in range(5):
            line.send(RAW)
            time.sleep(0.5)
        line.send(b".\r\n")
        assert line.getreply()[0] == 250


def test_a_line_that_is_cut_in_the_middle_leaves_nothing(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        for words in (
            b"EHLO x",
            b"MAIL FROM:<a@b.test>",
            b"RCPT TO:<%s>" % BOT.encode(),
        ):
            line.sendall(words + b"\r\n")
            line.recv(4096)
        line.sendall(b"DATA\r\n")
        assert line.recv(4096).startswith((b"2", b"3"))
        line.sendall(RAW[:200])
    assert mails() == []


def test_a_bare_line_feed_ends_no_message(port: int) -> None:
    """Nothing can be smuggled in behind one (CVE-2024-27305)."""
    smuggled = (
        b"\r\n.\nMAIL FROM:<evil@x.test>\r\nRCPT TO:<%s>\r\nDATA\r\n" % BOT.encode()
    )
    raw = (
        b"Subject: one\r\n\r\nbody"
        + smuggled.replace(b"\r\n.\n", b"\n.\n")
        + b"two\r\n"
    )
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as line:
        line.ehlo()
        line.mail("a@b.test")
        line.rcpt(BOT)
        line.docmd("DATA")
        line.send(raw + b".\r\n")
        assert line.getreply()[0] == 250
    (mail,) = mails()
    assert store().open(mail.storage_key).read() == raw
    assert mail.sender == "a@b.test"


def test_when_the_store_is_away_it_comes_again(
    line: smtplib.SMTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise StorageUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(type(store()), "writer", away)
        assert send(line)[0] == 451
    assert mails() == []
    assert send(line)[0] == 250
    assert len(mails()) == 1


def test_when_the_database_is_away_nobody_is_called_unknown(
    line: smtplib.SMTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_address: str) -> None:
        raise OSError("away")

    monkeypatch.setattr(bots, "at", away)
    assert send(line)[0] == 451


def test_mail_for_a_bot_that_went_away_since_is_kept_for_a_person(
    line: smtplib.SMTP,
) -> None:
    line.mail("a@b.test")
    assert line.rcpt(BOT)[0] == 250
    bot = bots.at(BOT)
    db.session.delete(bot)
    db.session.commit()
    assert line.data(RAW)[0] == 250
    assert mails() == []
    assert db.session.scalars(select(InboundMail.recipient)).all() == [BOT]


def test_too_many_lines_are_asked_to_wait(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MOST_CONNECTIONS", 1)
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as first:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as second:
            assert second.recv(100).startswith(b"421 ")
        first.ehlo()
        assert send(first)[0] == 250
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as again:
        assert again.noop()[0] == 250


def test_a_door_that_is_killed_in_the_middle_keeps_nothing_half(
    app: Flask, house: House, smtp: MailServer, tmp_path: Path
) -> None:
    (free,) = free_ports(1)
    env = environment(app, smtp) | {"INBOUND_PORT": str(free)}
    words = ("-m", "flask", "--app", "app", "mailroom")
    log = tmp_path / "mailroom.log"

    door = start(*words, env=env, log=log)
    wait_until(lambda: b"listening" in log.read_bytes())
    with smtplib.SMTP("127.0.0.1", free, timeout=20) as host:
        host.ehlo()
        host.mail("a@b.test")
        host.rcpt(BOT)
        host.docmd("DATA")
        host.send(RAW[:300])
        signal_all(door, signal.SIGKILL)
        door.wait()
        host.close()
    assert mails() == []

    log.write_bytes(b"")
    door = start(*words, env=env, log=log)
    wait_until(lambda: b"listening" in log.read_bytes())
    with smtplib.SMTP("127.0.0.1", free, timeout=20) as host:
        host.ehlo()
        assert send(host)[0] == 250
    door.send_signal(signal.SIGTERM)
    assert door.wait(timeout=20) == 0
    assert len(mails()) == 1
