"""A company that is connected and switched on, and a mail server that can fail."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.db import db
from app.delivery import lastlook
from app.delivery.claiming import Claim
from app.delivery.ledger import Ledger
from tests.cast import House, World
from tests.delivery.world import AtLast
from tests.smtp import MailServer


@pytest.fixture(autouse=True)
def mail_goes_to(post: MailServer) -> MailServer:
    return post


@pytest.fixture
def house(world: World) -> House:
    """Dune's purchases are switched on towards its tool."""
    world.alder.switch("on")
    return world.alder


@pytest.fixture
def one_line(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is due: what comes first and last is certain then."""
    monkeypatch.setitem(app.config, "MAIL_LINES", 1)


@pytest.fixture
def at_the_last_moment(monkeypatch: pytest.MonkeyPatch) -> AtLast:
    """Do something once, when all of the first message but the dot is sent."""
    real = lastlook.mark
    acts: list[Callable[[], object]] = []

    def mark(claimed: Claim, ledger: Ledger | None) -> bool:
        if acts:
            acts.pop()()
            db.session.commit()
        return real(claimed, ledger)

    monkeypatch.setattr(lastlook, "mark", mark)
    return acts.append
