"""What the tests of the mailroom share."""

import pytest
from flask import Flask

from app.collection import resolving
from tests.cast import House, World
from tests.collection.by_command import Bring, bringing
from tests.collection.signing import Zone


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def zone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Zone:
    """Name servers that know the domains of Dune and of the firm."""
    zone = Zone()
    monkeypatch.setitem(app.extensions, resolving.KEY, zone)
    zone.domain("dune.test")
    zone.domain("firm.test")
    zone.domain("supplier.test")
    return zone


@pytest.fixture
def bring(app: Flask, house: House) -> Bring:
    """Hands in one message by `flask mail-in`."""
    return bringing(app)
