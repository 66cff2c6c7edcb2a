"""The line to the server: never in clear by accident, never for ever."""

import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.delivery.answers import NoServer, Reply, Stopped, Unsent
from app.delivery.transport import Session
from tests.conftest import point_to
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


# TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, that is its own authority; and one long expired."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not there")
    folder = tmp_path_factory.mktemp("certificates")
    for name, alternative in (("good", "IP:127.0.0.1"), ("other", "DNS:other.test")):
        subprocess.run(  # noqa: S603
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes"),
                *("-subj", f"/CN={name}", "-addext", f"subjectAltName={alternative}"),
                *("-days", "2", "-keyout", folder / f"{name}.key"),
                *("-out", folder / f"{name}.pem"),
            ],
            check=True,
            capture_output=True,
        )
    return folder


@pytest.fixture
def secure(
    app: Flask,
    certificates: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[MailServer]:
    name = getattr(request, "param", "good")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    with MailServer(tls=context) as server:
        point_to(app, server, monkeypatch)
        monkeypatch.setattr(app.extensions["mail"], "use_tls", True)
        yield server


@pytest.fixture
def trusted(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authorities = certificates / "all.pem"
    both = [(certificates / f"{name}.pem").read_text() for name in ("good", "other")]
    authorities.write_text("".join(both))
    monkeypatch.setenv("SSL_CERT_FILE", str(authorities))


@pytest.mark.usefixtures("trusted")
def test_a_server_that_proves_itself_gets_the_message(secure: MailServer) -> None:
    body = b"Subject: x\r\n\r\n" + b"y" * 70 + b"\r\n"
    with Session() as session:
        for _ in range(3):
            assert send(session, body).is_positive
    assert len(secure.messages) == 3


def test_an_unknown_certificate_gets_nothing(secure: MailServer) -> None:
    with pytest.raises(NoServer, match="certificate"):
        send(Session())
    assert not any(words.startswith("MAIL") for words in secure.commands)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("secure", ["other"], indirect=True)
def test_a_certificate_of_another_host_gets_nothing(secure: MailServer) -> None:
    with pytest.raises(NoServer, match="certificate"):
        send(Session())
    assert secure.messages == []


@pytest.mark.usefixtures("trusted")
def test_tls_cut_in_the_middle_leaves_nothing(secure: MailServer) -> None:
    secure.fails("body")
    lines = b"y" * 70 + b"\r\n"
    with Session() as session, pytest.raises(Unsent):
        session.send(FROM, TO, 99, [lines * 1000] * 99, lambda: True)
    assert secure.messages == []


def test_a_server_without_starttls_is_not_spoken_to_in_clear(
    app: Flask, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.extensions["mail"], "use_tls", True)
    with pytest.raises(NoServer):
        send(Session())
    assert not any(words.startswith("MAIL") for words in smtp.commands)


@pytest.mark.usefixtures("trusted")
def test_starttls_that_is_refused_is_not_gone_without(secure: MailServer) -> None:
    secure.fails("starttls", "454 4.7.0 TLS not available now")
    with pytest.raises(NoServer, match="TLS not available"):
        send(Session())
    assert secure.messages == []
