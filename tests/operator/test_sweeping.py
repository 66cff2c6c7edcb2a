"""What no row refers to is swept after a day; nothing else ever is."""

import json
import os
from datetime import timedelta

import pytest
from flask import Flask, current_app

from app.db import Base, db
from app.delivery.auditing import differences
from app.library.models import Version
from app.library.receiving import receive
from app.mailroom.models import BotMail
from app.mailroom.receiving import receive as receive_mail
from app.operator import sweeping
from app.operator.sweeping import REFERRED, sweep
from app.storage import FileStorage
from tests.cast import World

NOW = timedelta()


def store() -> FileStorage:
    found = current_app.extensions["guichet.storage"]
    assert isinstance(found, FileStorage)
    return found


@pytest.fixture
def emptied(world: World) -> World:
    """Files of other tests are none of ours."""
    for key in list(store().keys(NOW)):
        store().delete(key)
    store().drop_unfinished(NOW, dry_run=False)
    return world


def grow_old(hours: float = 25) -> None:
    for path in store()._root.rglob("*"):
        at = path.stat().st_mtime - hours * 3600
        os.utime(path, (at, at))


def orphan(content: bytes = b"lost") -> str:
    """Kept by a deposit that died before its commit."""
    return receive([content], "lost.pdf").stored.key


def test_what_a_lost_deposit_left_is_swept_after_a_day(emptied: World) -> None:
    house = emptied.alder
    key, kept = orphan(), house.drop()
    grow_old()
    swept = sweep()
    assert (swept.files, swept.kept) == (1, 1)
    assert not store().exists(key)
    assert [d for d in differences() if d.kind == "file"] == []
    assert kept.document.id
    assert sweep().files == 0


def test_a_deposit_under_way_is_left_alone(emptied: World) -> None:
    key = orphan()
    grow_old(hours=23)
    assert sweep().files == 0
    assert store().exists(key)


def test_a_dry_run_counts_and_deletes_nothing(emptied: World) -> None:
    key = orphan()
    store().writer().write(b"half")
    grow_old()
    swept = sweep(dry_run=True)
    assert (swept.files, swept.unfinished) == (1, 1)
    assert store().exists(key)
    assert sweep().unfinished == 1


def test_a_database_that_knows_nothing_of_the_store_sweeps_nothing(
    emptied: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "DOUBTFUL", 1)
    monkeypatch.setattr(sweeping, "STARTS", [""])
    keys = [orphan(), orphan()]
    grow_old()
    swept = sweep()
    assert (swept.files, swept.refused) == (0, 2)
    assert all(store().exists(key) for key in keys)


def test_an_upload_that_never_ended_is_swept(emptied: World) -> None:
    store().writer().write(b"half")
    assert sweep().unfinished == 0, "it may still end"
    grow_old()
    assert sweep().unfinished == 1
    assert list((store()._root / "unfinished").iterdir()) == []


def test_mail_of_the_bots_and_every_version_are_referred_to(emptied: World) -> None:
    house = emptied.alder
    bot = house.connect().bot_address
    receive_mail(b"Subject: Invitation\r\n\r\nhttps://tool.test/", "", [bot])
    house.drop()
    grow_old()
    assert sweep().files == 0
    for column in (Version.storage_key, BotMail.storage_key):
        for key in db.session.scalars(db.select(column)):
            assert store().exists(key)


def test_every_column_of_keys_is_known_to_the_sweep() -> None:
    there = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("storage_key")
    }
    assert there == {f"{c.class_.__tablename__}.{c.key}" for c in REFERRED}


def test_the_operator_sweeps_by_hand(app: Flask, emptied: World) -> None:
    key = orphan()
    grow_old()
    run = app.test_cli_runner().invoke
    assert json.loads(run(args=["sweep", "--dry-run"]).stdout)["files"] == 1
    assert store().exists(key)
    assert json.loads(run(args=["sweep"]).stdout)["files"] == 1
    assert not store().exists(key)
