"""The line to the server: never in clear by accident, never for ever."""

import time
from collections.abc import Iterator

import pytest

from app.delivery.answers import NoServer, Reply, Stopped, Unsent
from app.delivery.transport import Session
from tests.smtp import MailServer, both_ways

pytestmark = pytest.mark.usefixtures("app")
FROM, TO = "bot@mail.guichet.test", "dune@tool.test"


def send(session: Session, body: bytes = b"Subject: x\r\n\r\nx\r\n") -> Reply:
    return session.send(FROM, TO, len(body), [body], lambda: True)


@both_ways
def test_a_line_that_begins_with_a_dot_arrives_with_one(smtp: MailServer) -> None:
    body = b".first\r\n..second\r\nmiddle.\r\n.\r\n"
    with Session() as session:
        assert send(session, body).is_positive
    assert smtp.messages[0].raw == body


@both_ways
def test_saying_no_at_the_last_moment_leaves_nothing(smtp: MailServer) -> None:
    with Session() as session:
        with pytest.raises(Stopped):
            session.send(FROM, TO, 3, [b"x\r\n"], lambda: False)
        assert send(session).is_positive
    assert len(smtp.messages) == 1
    assert smtp.connections == 2


def test_a_piece_that_cannot_be_read_leaves_nothing(smtp: MailServer) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"Subject: half\r\n"
        raise RuntimeError("the store is away")

    with Session() as session, pytest.raises(RuntimeError):
        session.send(FROM, TO, 99, pieces(), lambda: True)
    assert smtp.messages == []


@both_ways
def test_a_refusal_keeps_the_line_for_the_next(smtp: MailServer) -> None:
    smtp.fails("rcpt", "550 5.1.1 No such user")
    with Session() as session:
        with pytest.raises(Unsent) as refusal:
            send(session)
        assert refusal.value.reply == Reply("rcpt", 550, "5.1.1 No such user")
        assert refusal.value.reply.enhanced == "5.1.1"
        send(session)
    assert smtp.connections == 1
    assert "rset" in [command.lower() for command in smtp.commands]


@both_ways
def test_a_line_is_renewed_after_a_hundred_messages(smtp: MailServer) -> None:
    with Session() as session:
        for _ in range(101):
            send(session)
    assert (len(smtp.messages), smtp.connections) == (101, 2)


def test_an_old_line_is_renewed(
    smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session() as session:
        send(session)
        monkeypatch.setattr("app.delivery.transport.MOST_SECONDS", 0)
        send(session)
    assert smtp.connections == 2


@both_ways
def test_a_server_that_answers_before_the_dot_gets_none(smtp: MailServer) -> None:
    smtp.fails("data", "354 Go ahead\r\n250 2.0.0 Ok: queued as NOTHING")
    with Session() as session, pytest.raises(Unsent):
        send(session)
    assert smtp.messages == []


@both_ways
def test_no_size_is_said_to_a_server_that_knows_none(smtp: MailServer) -> None:
    smtp.size = None
    with Session() as session:
        assert session.largest_message() is None
        send(session)
    assert smtp.messages[0].options == ""


@both_ways
@pytest.mark.parametrize("phase", ["connect", "ehlo", "rcpt"])
def test_a_reply_that_drips_takes_no_longer_than_one_that_does_not(
    smtp: MailServer, phase: str
) -> None:
    smtp.fails(phase, drip=True)
    started = time.monotonic()
    with pytest.raises((NoServer, Unsent)):
        send(Session())
    assert time.monotonic() - started < 5
