"""A company that is connected and switched on, and a mail server that can fail."""

import pytest
from flask import Flask

from tests.cast import House, World
from tests.smtp import MailServer, smtp

__all__ = ["smtp"]


@pytest.fixture(autouse=True)
def mail_goes_to(
    app: Flask, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> MailServer:
    """The application sends to the server of the test, and is not very patient."""
    point_to(app, smtp, monkeypatch)
    return smtp


def point_to(app: Flask, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = app.extensions["mail"]
    monkeypatch.setattr(settings, "server", "127.0.0.1")
    monkeypatch.setattr(settings, "port", server.port)
    monkeypatch.setitem(app.config, "MAIL_TIMEOUT", 2)


@pytest.fixture
def house(world: World) -> House:
    """Dune's purchases are switched on towards its tool."""
    world.alder.switch("on")
    return world.alder
