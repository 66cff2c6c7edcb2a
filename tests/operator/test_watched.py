"""The operator and whoever watches us learn how the watched mailbox is doing."""

import pytest
from flask import Flask

from app.collection.models import WatchedMailbox
from app.db import db, utc_now
from app.mailroom.watched import LATE
from tests.cast import World, browser_at, signed_in

URL = "imaps://catchall%40ged.test:a-password@imap.ged.test/Collecte"
NAME = "catchall@ged.test@imap.ged.test/Collecte"


@pytest.fixture
def row(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> WatchedMailbox:
    monkeypatch.setitem(app.config, "INBOUND_IMAP_URL", URL)
    made = WatchedMailbox(name=NAME, uid_validity=1, looked_at=utc_now(), trouble="")
    db.session.add(made)
    db.session.commit()
    return made


def told(app: Flask) -> object:
    return browser_at(app, None).get("/readyz").get_json().get("mailbox")


def test_without_a_mailbox_nothing_is_said_of_one(app: Flask, world: World) -> None:
    assert told(app) is None
    assert "relevée" not in signed_in(app, world.operator).get("/console/runs").text


def test_one_that_is_looked_at_is_well(
    app: Flask, world: World, row: WatchedMailbox
) -> None:
    assert told(app) is True
    page = signed_in(app, world.operator).get("/console/runs").text
    assert NAME in page
    assert "a-password" not in page


def test_its_trouble_is_the_operator_s_to_read(
    app: Flask, world: World, row: WatchedMailbox
) -> None:
    row.trouble = "NO <b>Authentication failed"
    db.session.commit()
    assert told(app) is False
    page = signed_in(app, world.operator).get("/console/runs").text
    assert "NO &lt;b&gt;Authentication failed" in page


def test_one_that_nobody_looks_at_is_told(
    app: Flask, world: World, row: WatchedMailbox
) -> None:
    row.looked_at = utc_now() - LATE * 2
    db.session.commit()
    assert told(app) is False
    assert (
        "n’est plus relevée" in signed_in(app, world.operator).get("/console/runs").text
    )
