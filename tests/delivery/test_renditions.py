"""A tool that takes no HEIC gets a JPEG: made once, the same at every attempt."""

import hashlib
import io
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app import apart
from app.connectors import apps, catalogue
from app.db import db
from app.delivery import renditions, tick
from app.delivery.claiming import claim
from app.delivery.message import encoded_size
from app.delivery.models import Delivery
from app.library import converting
from app.library.deposit import Deposited
from app.library.models import Rendition, Version
from app.library.receiving import store
from tests.cast import House, signed_in
from tests.delivery.world import change, delivery_of, let_time_pass, state_of
from tests.files import heic, jpeg
from tests.smtp import MailServer

PHOTO = heic()


def kept() -> list[Rendition]:
    found = db.session.scalars(select(Rendition)).all()
    db.session.commit()
    return list(found)


def blobs(app: Flask) -> int:
    root = Path(app.config["STORAGE_URL"].removeprefix("file://"))
    return sum(path.is_file() for path in root.rglob("*"))


def photo(house: House, name: str = "photo.HEIC") -> Deposited:
    return house.drop(name, content=PHOTO)


def test_a_tool_without_heic_gets_the_picture_as_it_is_seen(
    house: House, smtp: MailServer
) -> None:
    from PIL import Image

    done = photo(house, "Reçu du 4.11.heic")
    assert state_of(done) == ("pending", None)
    tick.run()
    (mail,) = smtp.messages
    assert mail.file_name == "Reçu du 4.11.jpg"
    assert mail.file.get_content_type() == "image/jpeg"
    picture = Image.open(io.BytesIO(mail.content))
    assert (picture.format, picture.size) == ("JPEG", (64, 96))  # upright
    red, green, blue = picture.getpixel((32, 10))  # type: ignore[misc]
    assert red > 200
    assert green < 80
    assert blue < 80
    assert not picture.getexif()
    assert b"Telephone" not in mail.content
    assert state_of(done) == ("accepted", None)


def test_the_delivery_says_what_left_and_the_original_is_untouched(
    house: House, smtp: MailServer
) -> None:
    done = photo(house)
    tick.run()
    delivery, (made,) = delivery_of(done), kept()
    assert delivery.rendition_id == made.id
    assert delivery.sha256 == made.sha256
    assert made.sha256 == hashlib.sha256(smtp.messages[0].content).hexdigest()
    assert delivery.encoded_size == encoded_size(made.size)
    version = db.session.scalars(select(Version)).one()
    with store().open(version.storage_key) as blob:
        assert blob.read() == PHOTO
    assert version.content_type == "image/heic"


@pytest.mark.parametrize("phase", ["body", "ack"])
def test_every_attempt_sends_the_same_bytes(
    house: House, smtp: MailServer, phase: str
) -> None:
    done = photo(house)
    smtp.fails(phase, cut=True)
    tick.run()
    (made,) = kept()
    change(done, not_before=delivery_of(done).created_at)
    let_time_pass(60)
    tick.run()
    let_time_pass(60)
    tick.run()
    assert state_of(done) == ("accepted", None)
    assert {hashlib.sha256(mail.content).hexdigest() for mail in smtp.messages} == {
        made.sha256
    }
    assert len(smtp.messages) == (2 if phase == "ack" else 1)
    assert [one.id for one in kept()] == [made.id]


def test_one_that_leaves_again_by_hand_takes_the_one_that_was_made(
    app: Flask, house: House, smtp: MailServer
) -> None:
    done = photo(house)
    smtp.fails("dot", reply="554 5.6.0 No")
    tick.run()
    assert state_of(done)[0] == "failed"
    ada = signed_in(app, house.admin)
    ada.post("/deliveries", data={"act": "resend", "id": str(delivery_of(done).id)})
    before = blobs(app)
    tick.run()
    assert len(smtp.messages) == 1
    assert len(kept()) == 1
    assert blobs(app) == before


def test_of_two_that_make_it_at_once_one_is_kept(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sales = house.connect("pennylane")
    house.switch("on", connection=sales)
    photo(house)
    one, two = claim("worker")
    before = blobs(app)
    together, real = threading.Barrier(2), converting.to_jpeg

    def to_jpeg(*given: Any) -> Any:
        made = real(*given)
        together.wait()
        return made

    monkeypatch.setattr(renditions, "to_jpeg", to_jpeg)

    def put(claimed: Any) -> None:
        with app.app_context():
            renditions.put_in_place(claimed, apps.find(claimed.app_key))

    threads = [threading.Thread(target=put, args=[each]) for each in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (made,) = kept()
    assert {one.sha256, two.sha256} == {made.sha256}
    assert {one.storage_key, two.storage_key} == {made.storage_key}
    assert blobs(app) == before + 1
    pinned = db.session.scalars(select(Delivery.rendition_id)).all()
    assert set(pinned) == {made.id}


def test_a_tool_that_takes_heic_gets_the_original(
    house: House, smtp: MailServer
) -> None:
    house.switch("off")
    house.switch("on", connection=house.connect("dext"))
    photo(house)
    tick.run()
    (mail,) = smtp.messages
    assert (mail.file_name, mail.content) == ("photo.HEIC", PHOTO)
    assert kept() == []


def test_a_picture_that_cannot_be_read_is_held_at_the_deposit(house: House) -> None:
    done = house.drop("photo.heic", content=PHOTO[:-200])
    assert state_of(done) == ("held", "damaged")


def test_a_picture_whose_damage_shows_at_the_conversion_is_held_then(
    house: House, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "ask", lambda *_args, **_more: None)  # not known
    done = house.drop("photo.heic", content=PHOTO[:-200])
    assert state_of(done) == ("pending", None)
    monkeypatch.undo()
    tick.run()
    assert state_of(done) == ("held", "damaged")
    assert smtp.messages == []


def test_a_reader_that_breaks_is_tried_again_then_the_file_is_to_blame(
    house: House, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = photo(house)
    monkeypatch.setattr(apart, "ask", lambda *_args, **_more: None)
    for expected in ("deferred", "deferred", "held"):
        tick.run()
        assert delivery_of(done).state == expected
        let_time_pass(24 * 60)
    assert state_of(done) == ("held", "damaged")
    assert smtp.messages == []


def test_too_big_once_converted_is_held_once_and_not_tried_for_ever(
    house: House, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B94: refused before a connection is opened for it, told once."""
    done = photo(house)
    limit_pictures(monkeypatch, len(PHOTO) // 4)
    for _again in range(2):
        tick.run()
        assert state_of(done) == ("held", "too_big")
        let_time_pass(60)
    assert delivery_of(done).attempts == 1
    assert smtp.messages == []


def limit_pictures(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """QuickBooks takes pictures up to so many bytes."""
    found = replace(catalogue.get("quickbooks"), max_image_bytes=most)
    monkeypatch.setattr(catalogue, "find", lambda _key: found)


def test_the_limit_of_the_type_is_looked_at_again_at_the_sending(
    house: House, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = house.drop("photo.jpg", content=jpeg())
    limit_pictures(monkeypatch, 1000)
    tick.run()
    assert state_of(done) == ("held", "too_big")
    assert smtp.messages == []


def test_a_version_that_was_replaced_is_not_sent_in_its_place(
    house: House, smtp: MailServer
) -> None:
    """A delivery that waits is pointed at the new version: its old JPEG is no more."""
    done = photo(house)
    smtp.fails("rcpt", "451 4.2.0 Later")
    tick.run()
    new = house.drop("new.heic", "Juridique", heic(160, 120))
    version = db.session.scalars(
        select(Version).where(Version.document_id == new.document.id)
    ).one()
    change(done, version_id=version.id, sha256=version.sha256)
    let_time_pass(60)
    tick.run()
    (mail,) = smtp.messages
    made = {one.version_id: one.sha256 for one in kept()}
    assert hashlib.sha256(mail.content).hexdigest() == made[version.id]
    assert len(made) == 2


def test_a_worker_that_lost_its_token_pins_nothing(house: House) -> None:
    done = photo(house)
    (held,) = claim("worker")
    db.session.execute(update(Delivery).values(token=Delivery.token + 1))
    db.session.commit()
    renditions.put_in_place(held, apps.find(held.app_key))
    assert delivery_of(done).rendition_id is None
    assert len(kept()) == 1
