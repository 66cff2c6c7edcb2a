"""MAIL, RCPT and DATA in one write (RFC 2920): each answer keeps its meaning."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from app.delivery import tick
from app.delivery.answers import Reply, Unsent
from app.delivery.transport import Session
from tests.cast import House
from tests.delivery.world import attempts_of, let_time_pass, state_of
from tests.smtp import MailServer

pytestmark = pytest.mark.usefixtures("app")
FROM, TO = "bot@mail.guichet.test", "dune@tool.test"
BODY = b"Subject: x\r\n\r\nx\r\n"


def send(
    session: Session, pieces: list[bytes] | Iterator[bytes] | None = None
) -> Reply:
    return session.send(FROM, TO, len(BODY), pieces or [BODY], lambda: True)


def refused(session: Session) -> Unsent:
    with pytest.raises(Unsent) as refusal:
        send(session, unread())
    return refusal.value


def unread() -> Iterator[bytes]:
    """A body of which nothing may be asked for."""
    yield pytest.fail("the body was begun")


def test_the_three_leave_in_one_write(smtp: MailServer) -> None:
    with Session() as session:
        session.largest_message()
        host = session.host
        assert host
        assert host.sock
        line = host.sock
        writes: list[bytes] = []

        class Written:
            def sendall(self, data: bytes) -> None:
                writes.append(data)
                line.sendall(data)

            def __getattr__(self, name: str) -> object:
                return getattr(line, name)

        host.sock = Written()  # type: ignore[assignment]
        assert send(session).is_positive
    begun = b"MAIL FROM:<%b> SIZE=%d\r\nRCPT TO:<%b>\r\nDATA\r\n"
    assert writes[0] == begun % (FROM.encode(), len(BODY), TO.encode())
    assert writes[1:3] == [BODY, b".\r\n"]


def test_a_server_that_does_not_announce_it_is_asked_one_by_one(
    smtp: MailServer,
) -> None:
    """The next command waits for the answer: what came early would be a fault."""
    smtp.pipelining = False
    came: list[list[str]] = []
    for phase in ("mail", "rcpt", "data"):
        smtp.fails(phase, call=lambda: came.append(list(smtp.commands)))
    with Session() as session:
        send(session)
    assert [said[-1][:4] for said in came] == ["MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("code", [450, 550])
def test_a_refusal_tells_its_own_phase_and_the_line_goes_on(
    smtp: MailServer, phase: str, code: int
) -> None:
    smtp.fails(phase, f"{code} 4.0.0 Not this one")
    with Session() as session:
        refusal = refused(session)
        assert refusal.reply == Reply(phase, code, "4.0.0 Not this one")
        assert not refusal.line_is_cut
        assert send(session).is_positive
    assert (smtp.connections, len(smtp.messages)) == (1, 1)


@pytest.mark.parametrize("phase", ["mail", "rcpt"])
def test_a_data_that_was_taken_all_the_same_gets_neither_a_byte_nor_a_dot(
    smtp: MailServer, phase: str
) -> None:
    smtp.is_credulous = True
    smtp.fails(phase, "550 5.1.1 Not this one")
    with Session() as session:
        refusal = refused(session)
        assert refusal.reply == Reply(phase, 550, "5.1.1 Not this one")
        assert session.cuts == 0  # the server is well
        assert send(session).is_positive
    assert smtp.connections == 2
    assert [mail.raw for mail in smtp.messages] == [BODY]
    assert "." not in smtp.commands


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
def test_a_cut_tells_how_far_it_came(smtp: MailServer, phase: str) -> None:
    smtp.fails(phase)
    with Session() as session:
        refusal = refused(session)
        assert (refusal.reply.phase, refusal.reply.code) == (phase, 0)
        assert refusal.line_is_cut
        assert session.host is None
    assert smtp.messages == []


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
def test_421_in_the_middle_is_heard_and_ends_the_line(
    smtp: MailServer, phase: str
) -> None:
    smtp.fails(phase, "421 4.3.2 Closing")
    with Session() as session:
        assert refused(session).reply == Reply(phase, 421, "4.3.2 Closing")
        assert session.host is None


@pytest.mark.parametrize("phase", ["rcpt", "data"])
@pytest.mark.parametrize("drips", [False, True])
def test_a_refusal_counts_even_when_the_rest_is_never_said(
    smtp: MailServer, phase: str, drips: bool
) -> None:
    before = {"rcpt": "mail", "data": "rcpt"}[phase]
    smtp.is_credulous = True
    smtp.fails(before, "550 5.1.1 No such user")
    smtp.fails(phase, drip=drips, cut=not drips)
    with Session() as session:
        assert refused(session).reply == Reply(before, 550, "5.1.1 No such user")
        assert send(session).is_positive
    assert smtp.connections == 2


def test_an_answer_too_many_gets_no_dot(smtp: MailServer) -> None:
    smtp.fails("rcpt", "250 2.1.5 Ok\r\n354 Go ahead\r\n250 2.0.0 Ok: queued as NONE")
    with Session() as session, pytest.raises(Unsent):
        send(session)
    assert smtp.messages == []


@pytest.mark.parametrize("hidden", ["%s>\r\nRSET", "%s\nRSET", "\r\nRSET", "<%s\rRSET"])
def test_no_command_can_be_hidden_in_an_address(smtp: MailServer, hidden: str) -> None:
    hidden = hidden.replace("%s", TO)
    with Session() as session:
        for sender, recipient in ((FROM, hidden), (hidden, TO)):
            with suppress(ValueError):
                session.send(sender, recipient, 3, [BODY], lambda: True)
    said = {command[:5].upper() for command in smtp.commands}
    assert said <= {"EHLO ", "MAIL ", "RCPT ", "DATA", "QUIT"}


def test_a_refused_address_whose_data_was_taken_is_held_and_later_corrected(
    house: House, smtp: MailServer
) -> None:
    smtp.is_credulous = True
    done, other = house.drop("a.pdf"), house.drop("b.pdf")
    smtp.fails("rcpt", "450 4.2.1 Later")
    tick.run()
    assert state_of(done) == ("deferred", None)
    assert [attempt.phase for attempt in attempts_of(done)] == ["rcpt"]
    assert state_of(other) == ("accepted", None)
    let_time_pass()
    tick.run()
    assert sorted(mail.file_name for mail in smtp.messages) == ["a.pdf", "b.pdf"]
