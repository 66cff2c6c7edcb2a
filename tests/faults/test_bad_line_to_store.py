"""A bad line to the store (S3): later, or a clear error; what changed never leaves."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.delivery import tick
from app.storage import StorageUnavailable, storage_from_url
from tests.cast import House
from tests.delivery.world import document_of, state_of
from tests.faults.counting import note, note_outcome
from tests.faults.invariants import broken
from tests.faults.proxy import Proxy, Way
from tests.faults.stage import settle
from tests.files import padded_pdf
from tests.infrastructure.s3 import s3_url
from tests.smtp import MailServer

__all__ = ["s3_url"]
pytestmark = [pytest.mark.faults, pytest.mark.s3]
CONTENT = padded_pdf(300_000)


@pytest.fixture
def to_store(
    app: Flask, s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Proxy]:
    """The application's files are in a bucket behind it."""
    port = int(s3_url.partition("127.0.0.1:")[2].partition("&")[0])
    with Proxy(("127.0.0.1", port)) as proxy:
        url = s3_url.replace(f":{port}", f":{proxy.port}")
        storage = storage_from_url(url.replace("?", f"/{tmp_path.name}?"))
        monkeypatch.setitem(app.extensions, "guichet.storage", storage)
        yield proxy


def verify(smtp: MailServer) -> None:
    settle()
    note("store", faults=1)
    note_outcome("store", smtp.messages)
    assert broken(smtp.messages, at_rest=True) == []


@pytest.mark.parametrize("place", [0, 300, 100_000])
def test_a_file_cut_on_its_way_to_us_is_sent_later_and_whole(
    house: House, to_store: Proxy, smtp: MailServer, place: int
) -> None:
    done, other = house.drop("a.pdf", content=CONTENT), house.drop("b.pdf")
    to_store.cut()
    to_store.down = Way(cut_after=place)
    tick.run()
    assert state_of(done)[0] in {"accepted", "deferred"}  # the library asks again
    assert state_of(other) == ("accepted", None)
    verify(smtp)
    assert sorted(mail.file_name for mail in smtp.messages) == ["a.pdf", "b.pdf"]


def test_a_file_changed_on_its_way_never_leaves_and_is_told(
    house: House, to_store: Proxy, smtp: MailServer
) -> None:
    done, other = house.drop("a.pdf", content=CONTENT), house.drop("b.pdf")
    to_store.down = Way(change_at=100_000)
    tick.run()
    assert state_of(done) == ("failed", "damaged")
    assert document_of(done).status == "received"
    assert state_of(other) == ("accepted", None)
    verify(smtp)
    assert [mail.file_name for mail in smtp.messages] == ["b.pdf"]


def test_a_store_that_is_not_there_is_waited_for(
    house: House, to_store: Proxy, smtp: MailServer
) -> None:
    done = house.drop()
    to_store.is_refusing = True
    to_store.cut()
    assert tick.run()["deferred"] == 1
    to_store.heal()
    verify(smtp)
    assert state_of(done) == ("accepted", None)


def test_a_slow_store_only_takes_longer(
    house: House, to_store: Proxy, smtp: MailServer
) -> None:
    house.drop(content=CONTENT)
    to_store.down = Way(delay=0.02)
    assert tick.run()["accepted"] == 1
    verify(smtp)


@pytest.mark.parametrize("way", [Way(cut_after=0), Way(cut_after=100_000)])
def test_a_deposit_cut_on_its_way_to_the_store_is_whole_or_refused(
    house: House, to_store: Proxy, smtp: MailServer, way: Way
) -> None:
    house.drop("before.pdf")
    to_store.up = way
    house.drop("a.pdf", content=CONTENT)  # the library sends it again
    to_store.heal()
    tick.run()
    verify(smtp)
    assert CONTENT in [mail.content for mail in smtp.messages]


def test_a_deposit_without_a_store_is_an_error_and_no_document(
    house: House, to_store: Proxy, smtp: MailServer
) -> None:
    to_store.is_refusing = True
    with pytest.raises(StorageUnavailable):
        house.drop()
    to_store.heal()
    house.drop("a.pdf")
    tick.run()
    verify(smtp)
    assert len(smtp.messages) == 1


def test_a_deposit_changed_on_its_way_to_the_store_is_kept_right_or_refused(
    house: House, to_store: Proxy, smtp: MailServer
) -> None:
    """The store checks what it gets (Content-MD5)."""
    house.drop("before.pdf")
    to_store.up = Way(change_at=100_000)
    try:
        house.drop("a.pdf", content=CONTENT)
    except StorageUnavailable:
        house.drop("a.pdf", content=CONTENT)
    tick.run()
    verify(smtp)
    assert CONTENT in [mail.content for mail in smtp.messages]
