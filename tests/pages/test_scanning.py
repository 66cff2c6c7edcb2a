"""A paper that was photographed page by page is one PDF, and its photos are kept."""

import io
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pypdfium2
import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from app.db import db
from app.delivery import auditing, tick
from app.delivery.models import Delivery
from app.library.models import Document, Version
from app.pages.models import Photo
from tests.cast import Browser, House, World, signed_in
from tests.conftest import point_to
from tests.papers import one_page_pdf
from tests.smtp import MailServer


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def dora(app: Flask, house: House) -> Browser:
    return signed_in(app, house.manager)


def photo(colour: str, wide: int = 300, high: int = 400) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (wide, high), colour).save(made, "JPEG")
    return made.getvalue()


def address(house: House) -> str:
    return f"/companies/{house.dune.slug}/folders/{house.folder().id}/scan"


def scan(browser: Browser, house: House, *photos: bytes, **fields: str) -> Any:
    files = [(io.BytesIO(one), "image.jpg") for one in photos]
    return browser.post(
        address(house),
        data={"file": files, **fields},
        content_type="multipart/form-data",
    )


def documents() -> list[Document]:
    return list(db.session.scalars(select(Document).order_by(Document.id)))


def content(browser: Browser, path: str) -> bytes:
    answer = browser.get(path)
    assert answer.status_code == 200
    return bytes(answer.data)


def test_photos_become_the_pages_of_one_document_in_their_order(
    house: House, dora: Browser
) -> None:
    shots = [photo("red"), photo("lime", 400, 300), photo("blue")]
    answer = scan(dora, house, *shots, name="Contrat")
    assert answer.status_code == 303
    [document] = documents()
    assert (document.name, document.channel) == ("Contrat.pdf", "phone")
    made = pypdfium2.PdfDocument(content(dora, f"/documents/{document.id}/download"))
    colours = [page.render().to_pil().getpixel((20, 20)) for page in made]
    brightest = [colour.index(max(colour)) for colour in colours]
    assert brightest == [0, 1, 2]


def test_the_photos_are_kept_as_they_were_taken(house: House, dora: Browser) -> None:
    shots = [photo("red"), photo("lime")]
    scan(dora, house, *shots)
    [document] = documents()
    page = dora.get(f"/documents/{document.id}").text
    links = re.findall(r'href="(/documents/[^"]+/photos/\d+/download)"', page)
    assert [content(dora, link) for link in links] == shots
    assert dora.get(f"/documents/{document.id}/photos/3/download").status_code == 404
    assert dora.get(f"/documents/{document.id}/photos/0/download").status_code == 404


def test_one_document_is_due_and_no_photo_leaves(
    app: Flask,
    house: House,
    dora: Browser,
    smtp: MailServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    point_to(app, smtp, monkeypatch)
    house.switch("on")
    scan(dora, house, photo("red"), photo("lime"))
    assert tick.run()["accepted"] == 1
    [message] = smtp.messages
    assert message.file_name == "image.pdf"
    states = db.session.scalars(select(Delivery.state)).all()
    assert states == ["accepted"]


def test_sent_twice_it_is_there_once(house: House, dora: Browser) -> None:
    once = str(uuid4())
    for _ in range(2):
        answer = scan(dora, house, photo("red"), photo("lime"), upload_id=once)
        assert answer.status_code == 303
    assert len(documents()) == 1
    assert len(db.session.scalars(select(Photo)).all()) == 2


def test_a_page_more_after_an_answer_that_was_lost_is_kept(
    house: House, dora: Browser
) -> None:
    """The page stays as it was, and sends the same id with all its photos."""
    once = str(uuid4())
    shots = [photo("red"), photo("lime"), photo("blue")]
    for many in (2, 3):
        answer = scan(dora, house, *shots[:many], upload_id=once)
        assert answer.status_code == 303
    pages = db.session.scalars(select(Version.pages).order_by(Version.id)).all()
    assert pages == [2, 3]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ((), "Prenez d’abord une photo"),
        ((b"no picture at all",), "n’est pas une photo"),
        ((photo("red"), photo("red")[:200]), "n’est pas une photo"),
        ((one_page_pdf("paper"),), "n’est pas une photo"),
        ((photo("red"),) * 31, "30"),
    ],
)
def test_what_cannot_be_a_page_is_told_and_nothing_is_kept(
    app: Flask, house: House, dora: Browser, files: tuple[bytes, ...], said: str
) -> None:
    before = stored(app)
    answer = scan(dora, house, *files, name="Contrat")
    assert answer.status_code in {413, 422}
    assert said in answer.text.replace("&#39;", "’")
    assert 'value="Contrat"' in answer.text
    assert documents() == []
    assert stored(app) == before


def stored(app: Flask) -> set[str]:
    return set(app.extensions["guichet.storage"].keys(timedelta(0)))


def test_where_a_person_may_not_deposit_they_photograph_nothing(
    app: Flask, world: World, house: House, dora: Browser
) -> None:
    house.folder().visibility = "read_only"
    db.session.commit()
    assert dora.get(address(house)).status_code == 403
    assert scan(dora, house, photo("red")).status_code == 403
    stranger = signed_in(app, world.birch.manager)
    assert scan(stranger, house, photo("red")).status_code == 404
    assert documents() == []


def test_who_may_not_see_the_document_gets_no_photo(
    app: Flask, world: World, house: House, dora: Browser
) -> None:
    scan(dora, house, photo("red"), photo("lime"))
    [document] = documents()
    path = f"/documents/{document.id}/photos/1/download"
    for person in (world.birch.admin, house.other_client):
        assert signed_in(app, person).get(path).status_code == 404


def test_the_auditor_reads_them_too(app: Flask, house: House, dora: Browser) -> None:
    scan(dora, house, photo("red"), photo("lime"))
    version = db.session.scalars(select(Version)).one()
    assert list(auditing._faults_of(version)) == []
    first = db.session.scalars(select(Photo).order_by(Photo.number)).first()
    assert first
    app.extensions["guichet.storage"].delete(first.storage_key)
    assert len(list(auditing._faults_of(version))) == 1
