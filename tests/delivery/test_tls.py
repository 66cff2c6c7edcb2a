"""STARTTLS: where the server is not surely ours, nothing is said in clear, no password
is given away, and what waits says why."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from flask import Flask

from app.delivery import outages, tick
from app.delivery.answers import Unsent
from app.delivery.transport import Session
from tests.cast import House, signed_in
from tests.certificates import Authority, new_authority, self_signed
from tests.conftest import point_to
from tests.delivery.test_transport import FROM, TO, send
from tests.delivery.world import attempts_of, delivery_of, state_of
from tests.smtp import MailServer

PASSWORD = "a password of the server"
# What may be heard by anybody.
HARMLESS = {"EHLO", "STARTTLS", "QUIT"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return new_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


class Stage:
    """Servers that the application is told to speak TLS with, and to log in at."""

    def __init__(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        self.app, self.monkeypatch = app, monkeypatch
        self.opened = ExitStack()
        for name, value in (
            ("use_tls", True),
            ("username", "guichet"),
            ("password", PASSWORD),
        ):
            monkeypatch.setattr(app.extensions["mail"], name, value)

    def server(self, tls: ssl.SSLContext | None) -> MailServer:
        made = self.opened.enter_context(MailServer(tls=tls, auth=True))
        point_to(self.app, made, self.monkeypatch)
        return made


@pytest.fixture
def stage(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    made = Stage(app, monkeypatch)
    with made.opened:
        yield made


def not_ours(name: str, stage: Stage, authority: Authority, folder: Path) -> MailServer:
    """One that must not be believed."""
    day = timedelta(days=1)
    if name == "expired":
        return stage.server(authority.context(since=3 * day, until=-day))
    if name == "not yet good":
        return stage.server(authority.context(since=-day, until=3 * day))
    if name == "of another host":
        return stage.server(authority.context(x509.DNSName("other.test")))
    if name == "of an unknown authority":
        return stage.server(new_authority(folder).context())
    if name == "self-signed":
        return stage.server(self_signed(folder))
    if name == "without STARTTLS":
        return stage.server(None)
    server = stage.server(authority.context())
    server.fails("starttls", "454 4.7.0 TLS not available now", times=9)
    return server


REASONS = {
    "expired": "certificate has expired",
    "not yet good": "certificate is not yet valid",
    "of another host": "IP address mismatch",
    "of an unknown authority": "unable to get local issuer certificate",
    "self-signed": "self-signed certificate",
    "without STARTTLS": "STARTTLS extension not supported",
    "STARTTLS refused": "4.7.0 TLS not available now",
}


@pytest.mark.parametrize("name", REASONS)
def test_nothing_is_said_to_a_server_that_is_not_surely_ours(
    app: Flask,
    house: House,
    stage: Stage,
    authority: Authority,
    tmp_path: Path,
    name: str,
) -> None:
    server = not_ours(name, stage, authority, tmp_path)
    done = house.drop()
    assert REASONS[name] in tick.run()["error"]
    assert server.messages == []
    assert {words.split(" ")[0].upper() for words in server.commands} <= HARMLESS
    assert server.in_clear == server.commands
    # It waits, uncharged, and says so; whoever runs the server reads why.
    assert state_of(done) == ("pending", None)
    delivery = delivery_of(done)
    assert (delivery.attempts, delivery.ambiguous) == (0, 0)
    assert REASONS[name] in (delivery.last_text or "")
    assert REASONS[name] in attempts_of(done)[0].text
    outage = outages.current()
    assert outage
    assert REASONS[name] in outage.said
    page = signed_in(app, house.admin).get(f"/deliveries/{delivery.id}").text
    assert "Le serveur d’envoi ne répond pas" in page
    # Once it is ours again, it leaves, once.
    good = stage.server(authority.context())
    assert tick.run()["accepted"] == 1
    assert len(good.messages) == 1


def test_a_server_that_proves_itself_gets_the_password_and_the_message(
    house: House, stage: Stage, authority: Authority
) -> None:
    server = stage.server(authority.context())
    done = house.drop()
    assert tick.run()["accepted"] == 1
    assert state_of(done) == ("accepted", None)
    assert len(server.messages) == 1
    assert {words.split(" ")[0].upper() for words in server.in_clear} <= HARMLESS
    assert any(words.startswith("AUTH PLAIN ") for words in server.commands)


def test_what_is_offered_in_clear_is_forgotten(
    stage: Stage, authority: Authority
) -> None:
    """Somebody between us may have said it, behind the 220 of the server's own."""
    server = stage.server(authority.context())
    server.size = 1_000_000
    server.fails("ehlo", "250-sink.test\r\n250-SIZE 7\r\n250 STARTTLS")
    with Session() as session:
        assert session.largest_message() == 1_000_000


def test_many_messages_on_one_line(stage: Stage, authority: Authority) -> None:
    server = stage.server(authority.context())
    body = b"Subject: x\r\n\r\n" + b"y" * 70 + b"\r\n"
    with Session() as session:
        for _ in range(3):
            assert send(session, body).is_positive
    assert (len(server.messages), server.connections) == (3, 1)


def test_a_line_cut_in_the_middle_leaves_nothing(
    stage: Stage, authority: Authority
) -> None:
    server = stage.server(authority.context())
    server.fails("body")
    lines = b"y" * 70 + b"\r\n"
    with Session() as session, pytest.raises(Unsent):
        session.send(FROM, TO, 99, [lines * 1000] * 99, lambda: True)
    assert server.messages == []
