"""A bad line to the database: later, or a clear error; nothing is lost or doubled."""

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app import create_app
from app.db import db
from app.delivery import tick
from tests.asked import before_asking
from tests.cast import House, signed_in
from tests.conftest import POSTGRES, point_to, settings
from tests.delivery.world import attempts_of, state_of
from tests.faults.counting import note, note_outcome
from tests.faults.invariants import broken
from tests.faults.proxy import Proxy, Way
from tests.faults.stage import settle
from tests.library.test_depositing import HTMX, documents, post
from tests.papers import one_page_pdf
from tests.smtp import MailServer

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not POSTGRES, reason="bin/test starts PostgreSQL"),
]
# Bytes of a run: the first statements, a claim, some deliveries, nearly the end.
PLACES = (0, 400, 2_500, 7_000, 14_000)


def database_of(url: sa.URL) -> tuple[str, int] | str:
    """Where it listens: a folder with its socket, or a port."""
    folder = url.query.get("host")
    port = url.port or 5432
    return f"{folder}/.s.PGSQL.{port}" if folder else (url.host or "127.0.0.1", port)


@pytest.fixture
def to_database(app: Flask) -> Iterator[Proxy]:
    with Proxy(database_of(db.engine.url)) as proxy:
        yield proxy


@pytest.fixture
def far(
    app: Flask,
    to_database: Proxy,
    smtp: MailServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Flask]:
    """The application once more, which reaches its database through the proxy."""
    url = db.engine.url.set(host="127.0.0.1", port=to_database.port, query={})
    made = create_app(
        settings(url.render_as_string(hide_password=False), tmp_path)
        | {"STORAGE_URL": app.config["STORAGE_URL"]}
    )
    point_to(made, smtp, monkeypatch)
    yield made
    with made.app_context():
        db.engine.dispose()


def verify(fault: str, smtp: MailServer) -> None:
    settle()
    note_outcome(fault, smtp.messages)
    assert broken(smtp.messages, at_rest=True) == []


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_line_to_the_database_cut_anywhere_in_a_run(
    house: House, far: Flask, to_database: Proxy, smtp: MailServer, way: str
) -> None:
    for place in PLACES:
        for number in range(3):
            house.drop(f"{place} {number}.pdf")
        setattr(to_database, way, Way(cut_after=place))
        with suppress(SQLAlchemyError), far.app_context():
            tick.run()
        to_database.heal()
        with far.app_context():
            db.engine.dispose()  # as a new work-horse has it
            tick.run()
        note("database cut", faults=1)
    verify("database cut", smtp)


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_line_to_the_database_cut_anywhere_in_a_deposit(
    house: House, far: Flask, to_database: Proxy, smtp: MailServer, way: str
) -> None:
    url = f"/companies/{house.dune.slug}/folders/{house.folder().id}/documents"
    browser = signed_in(far, house.manager)
    for place in PLACES:
        file = (one_page_pdf(f"{place}"), f"{place}.pdf")
        upload = {"upload_id": str(uuid.uuid4())}
        setattr(to_database, way, Way(cut_after=place))
        with suppress(SQLAlchemyError):
            post(browser, url, file, fields=upload, headers=HTMX)
        to_database.heal()
        for _ in range(2):  # a browser that was not answered asks again
            with suppress(SQLAlchemyError):
                post(browser, url, file, fields=upload, headers=HTMX)
        note("database cut", faults=1)
    assert len(documents()) == len(PLACES)
    verify("database cut", smtp)
    assert len(smtp.messages) == len(PLACES)


@pytest.mark.parametrize("phase", ["rcpt", "dot", "ack"])
def test_a_database_that_falls_silent_for_a_while(
    house: House, far: Flask, to_database: Proxy, smtp: MailServer, phase: str
) -> None:
    house.drop("a.pdf")
    house.drop("b.pdf")

    def fall_silent() -> None:
        to_database.down = Way(is_hole=True)
        to_database.heal_in(0.5)

    smtp.fails(phase, call=fall_silent)
    with far.app_context(), suppress(SQLAlchemyError):
        tick.run()
    verify("database silent", smtp)


def test_a_database_that_is_not_there_refuses_the_run_and_nothing_more(
    house: House, far: Flask, to_database: Proxy, smtp: MailServer
) -> None:
    house.drop()
    to_database.is_refusing = True
    with far.app_context(), pytest.raises(SQLAlchemyError):
        tick.run()
    assert smtp.connections == 0
    to_database.heal()
    verify("database away", smtp)
    assert len(smtp.messages) == 1


def test_a_slow_database_only_takes_longer(
    house: House, far: Flask, to_database: Proxy, smtp: MailServer
) -> None:
    house.drop()
    to_database.down = Way(delay=0.02)
    with far.app_context():
        assert tick.run()["accepted"] == 1
    verify("database slow", smtp)


@pytest.mark.parametrize(
    ("part", "state", "copies"),
    [("lease_until=(now()", "deferred", 0), ("accepted_at", "accepted", 1)],
    ids=["marker", "acceptance"],
)
def test_a_statement_whose_answer_is_lost(
    house: House,
    far: Flask,
    to_database: Proxy,
    smtp: MailServer,
    part: str,
    state: str,
    copies: int,
) -> None:
    """It was done and we are not told: a marker gets no dot, an acceptance is found to
    be there already."""
    first, done = house.drop("a.pdf"), house.drop("b.pdf")
    seen: list[str] = []

    def lose_the_answer(statement: str) -> None:
        """The statement goes through, and commits by itself; the first one of them has
        made its plan."""
        if "UPDATE deliveries" in statement and part in statement:
            seen.append(statement)
            if len(seen) == 2:
                to_database.down = Way(cut_after=0)

    with far.app_context(), before_asking(lose_the_answer):
        tick.run()
    assert len(seen) == 2
    assert len(smtp.messages) == 1 + copies
    assert (state_of(first)[0], state_of(done)[0]) == ("accepted", state)
    assert len(attempts_of(done)) == 1
    verify("commit's answer lost", smtp)
    assert len(smtp.messages) == 2


def test_a_database_that_vanishes_without_a_word_is_noticed(far: Flask) -> None:
    """By the system, in a minute: no proxy can play it, for its own end answers."""
    with far.app_context(), db.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        with socket.socket(fileno=os.dup(driver.fileno())) as line:
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            idle = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
            unheard = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert (idle, unheard) == (30, 30_000)
