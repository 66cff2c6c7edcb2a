"""The bytes are gone, altered or slow to come: nothing wrong ever leaves."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import db
from app.delivery import ours, tick
from app.library.deposit import Deposited
from app.library.models import Version
from app.storage import StorageUnavailable
from tests.cast import House
from tests.delivery.world import attempts_of, document_of, let_time_pass, state_of
from tests.files import padded_pdf
from tests.smtp import MailServer

pytestmark = pytest.mark.faults

CONTENT = padded_pdf(200_000)


@pytest.fixture
def drops(house: House) -> tuple[Deposited, Deposited]:
    return house.drop("a.pdf", content=CONTENT), house.drop("b.pdf")


def file_of(app: Flask, done: Deposited) -> Path:
    key = db.session.scalars(
        select(Version.storage_key).where(Version.document_id == done.document.id)
    ).one()
    db.session.commit()
    root = Path(app.config["STORAGE_URL"].removeprefix("file://"))
    (found,) = root.rglob(Path(key).name)
    return found


@pytest.mark.parametrize("found", [CONTENT[:-1] + b"y", CONTENT[:-1], CONTENT + b"y"])
def test_altered_bytes_never_leave_and_the_others_do(
    app: Flask, drops: tuple[Deposited, Deposited], smtp: MailServer, found: bytes
) -> None:
    bad, good = drops
    path = file_of(app, bad)
    path.chmod(0o600)
    path.write_bytes(found)
    assert (result := tick.run())["failed"] == result["accepted"] == 1
    assert state_of(bad) == ("failed", "damaged")
    assert document_of(bad).status == "received"
    assert state_of(good) == ("accepted", None)
    assert [mail.file_name for mail in smtp.messages] == ["b.pdf"]


def test_missing_bytes_are_waited_for(
    app: Flask, drops: tuple[Deposited, Deposited], smtp: MailServer
) -> None:
    bad, good = drops
    path = file_of(app, bad)
    path.rename(path.with_suffix(".away"))
    assert tick.run()["deferred"] == 1
    assert state_of(good) == ("accepted", None)
    assert attempts_of(bad)[0].text == ours.STORE
    path.with_suffix(".away").rename(path)
    let_time_pass()
    tick.run()
    assert state_of(bad) == ("accepted", None)


def test_a_store_that_fails_in_the_middle_leaves_no_half(
    app: Flask,
    drops: tuple[Deposited, Deposited],
    smtp: MailServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad, good = drops
    path = str(file_of(app, bad))
    monkeypatch.setattr(
        app.extensions["guichet.storage"],
        "open",
        failing_once(app.extensions["guichet.storage"].open, Path(path).name),
    )
    assert tick.run()["deferred"] == 1
    assert [mail.file_name for mail in smtp.messages] == ["b.pdf"]
    let_time_pass()
    tick.run()
    assert [mail.content for mail in smtp.messages][1:] == [CONTENT]
    assert state_of(good) == state_of(bad) == ("accepted", None)


def failing_once(real: Any, name: str) -> Any:
    """`open`, whose file breaks off after its first piece, the first time."""
    broken: list[str] = []

    class Breaking:
        def __init__(self, blob: BinaryIO) -> None:
            self.blob, self.reads = blob, 0

        def read(self, size: int = -1) -> bytes:
            self.reads += 1
            if self.reads > 1:
                raise StorageUnavailable("the store went away")
            return self.blob.read(size)

    @contextlib.contextmanager
    def opened(key: str) -> Iterator[Any]:
        with real(key) as blob:
            is_first = key.endswith(name) and not broken
            broken.append(key) if is_first else None
            yield Breaking(blob) if is_first else blob

    return opened


def test_a_run_that_takes_too_long_gives_the_rest_back(
    drops: tuple[Deposited, Deposited],
    smtp: MailServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tick, "MOST_SECONDS", 0.3)
    smtp.fails("dot", call=lambda: time.sleep(0.5))
    assert tick.run()["accepted"] == 1
    assert [state_of(done)[0] for done in drops] == ["accepted", "pending"]


def test_one_at_which_the_server_hangs_up_each_time_keeps_nobody_back(
    house: House, drops: tuple[Deposited, Deposited], smtp: MailServer
) -> None:
    bad, good = drops
    smtp.fails("mail", "421 4.7.0 Not this one")
    assert tick.run()["accepted"] == 0
    smtp.fails("mail", "421 4.7.0 Not this one", after=1)
    assert tick.run()["accepted"] == 1
    assert (state_of(bad)[0], state_of(good)[0]) == ("pending", "accepted")
