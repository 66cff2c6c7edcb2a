"""A file of 25 MB flows from the store to the line: it is never held as a whole."""

import hashlib
import tracemalloc
from collections.abc import Iterator

import pytest
from flask import Flask

from app.connectors import apps, own_apps
from app.delivery import tick
from tests.cast import House, World
from tests.conftest import point_to
from tests.delivery.world import attempts_of, state_of
from tests.files import padded_pdf
from tests.smtp import MailServer

MB = 1_000_000
SIZE = 25 * MB
MOST = 8 * MB


@pytest.fixture
def forgetful(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """In this process as well, so it keeps no more than the beginning."""
    with MailServer(keeps=False) as server:
        point_to(app, server, monkeypatch)
        yield server


@pytest.fixture
def generous(world: World) -> House:
    """Dune is switched on towards a tool that takes files of 30 MB."""
    house = world.alder
    described = own_apps.checked("Grand", "", ["any"], "30")
    tool = own_apps.create(described, by=house.admin)
    connection = house.connect(tool.key)
    house.switch("on", connection=connection, slot=apps.get(tool.key).slots[0].key)
    return house


def test_sending_it_takes_less_than_8_mb(
    generous: House, forgetful: MailServer
) -> None:
    generous.drop("first.pdf")
    tick.run()  # what is made once and kept is there by now
    content = padded_pdf(SIZE)
    digest = hashlib.sha256(content).hexdigest()
    done = generous.drop("long.pdf", content=content)
    del content
    tracemalloc.start()
    try:
        before, _peak = tracemalloc.get_traced_memory()
        tick.run()
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert state_of(done) == ("accepted", None)
    assert done.document.sha256 == digest
    assert attempts_of(done)[0].bytes_sent > SIZE * 4 / 3
    assert [message.file_name for message in forgetful.messages][1:] == ["long.pdf"]
    assert peak - before < MOST
