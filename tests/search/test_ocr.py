"""Text in scans and photos: found where the operator wants it, and never at the price
of the document."""

import io
import time
from pathlib import Path

import pytest
import reportlab
from flask import Flask
from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import select, update

import worker
from app import apart
from app.blobs import StorageUnavailable
from app.db import db
from app.library.receiving import receive, store
from app.library.renaming import rename_document
from app.library.replacing import replace
from app.queueing import OUTGOING
from app.search import catching_up, ocr
from app.search.models import SearchEntry
from tests.cast import House, signed_in
from tests.papers import one_page_pdf
from tests.search.looking import names, read_all

VERA = Path(reportlab.__file__).with_name("fonts") / "Vera.ttf"
needs_tesseract = pytest.mark.skipif(
    not ocr.is_able(), reason="tesseract with French is not installed: run bin/test"
)


@pytest.fixture(autouse=True)
def wanted(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "OCR", True)


def picture(*lines: str) -> Image.Image:
    """As from a scanner, at 150 dpi."""
    page = Image.new("L", (1240, 900), 250)
    pen, font = ImageDraw.Draw(page), ImageFont.truetype(str(VERA), 44)
    for number, line in enumerate(lines):
        pen.text((90, 120 + 90 * number), line, fill=20, font=font)
    return page


def scan(*pages: str) -> bytes:
    made = io.BytesIO()
    first, *others = [picture(page) for page in pages]
    first.save(made, "PDF", resolution=150, save_all=True, append_images=others)
    return made.getvalue()


def photo(*lines: str) -> bytes:
    made = io.BytesIO()
    picture(*lines).save(made, "JPEG", quality=85)
    return made.getvalue()


def recognise_all() -> None:
    """What the worker does of its last queue."""
    for _turn in range(20):
        waiting = select(SearchEntry.document_id).where(SearchEntry.needs_ocr)
        ids = db.session.scalars(waiting).all()
        db.session.commit()
        if not ids:
            return
        for document_id in ids:
            ocr.recognise(str(document_id))


def needs(document_id: object) -> bool:
    wanted = select(SearchEntry.needs_ocr).where(SearchEntry.document_id == document_id)
    return bool(db.session.scalar(wanted))


@needs_tesseract
def test_the_text_of_a_scan_and_of_a_photo_is_found(app: Flask, house: House) -> None:
    house.drop("scan1.pdf", content=scan("Facture échafaudage", "Deuxième feuille"))
    house.drop("IMG_1.jpg", content=photo("Ticket péage", "Total 12,40"))
    read_all()
    ada = signed_in(app, house.admin)
    assert names(ada, "echafaudage") == []
    recognise_all()
    assert names(ada, "echafaudage") == ["scan1.pdf"]
    assert names(ada, "deuxieme feuille") == ["scan1.pdf"]
    assert names(ada, "ticket peage") == ["IMG_1.jpg"]
    assert "<mark>échafaudage</mark>" in ada.get("/search?q=échafaudage").text
    dora = signed_in(app, house.manager)
    assert names(dora, "echafaudage") == ["scan1.pdf"]
    assert names(signed_in(app, house.other_client), "echafaudage") == []


@needs_tesseract
def test_a_page_that_has_text_is_not_recognised_again(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = apart.ask

    def ask(task: str, *args: object, **more: object) -> object:
        asked.append(task)
        return real(task, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(apart, "ask", ask)
    done = house.drop("a.pdf", content=one_page_pdf("Du texte"))
    read_all()
    assert not needs(done.document.id)
    ocr.recognise(str(done.document.id))
    assert "ocr" not in asked


@needs_tesseract
def test_what_was_recognised_stays_with_a_new_name_and_goes_with_new_bytes(
    app: Flask, house: House
) -> None:
    document = house.drop("IMG_1.jpg", content=photo("Abricot")).document
    recognise_all()
    rename_document(document, "Fruit.jpg", by=house.admin)
    db.session.commit()
    ada = signed_in(app, house.admin)
    assert names(ada, "abricot") == ["Fruit.jpg"]
    replace(document, receive([photo("Prunier")], "x.jpg"), by=house.admin)
    db.session.commit()
    assert names(ada, "abricot") == []
    recognise_all()
    assert names(ada, "prunier") == ["Fruit.jpg"]


@needs_tesseract
def test_a_long_scan_is_read_in_turns_between_which_mail_goes(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "A_TURN", 0.0)
    pages = ("Pommier", "Cerisier", "Olivier")
    document = house.drop("a.pdf", content=scan(*pages)).document
    read_all()
    jobs: list[tuple[str, ...]] = [(str(document.id),)]

    def enqueue(_function: object, *args: str, **_more: object) -> None:
        jobs.append(args)

    monkeypatch.setattr(ocr, "enqueue", enqueue)
    real = time.monotonic
    for job in jobs:
        clock = iter([0.0, 0.0])
        monkeypatch.setattr(time, "monotonic", lambda c=clock: next(c, real()))
        ocr.recognise(*job)
    assert len(jobs) > len(pages)
    assert not needs(document.id)
    ada = signed_in(app, house.admin)
    assert names(ada, "pommier cerisier olivier") == ["a.pdf"]


def test_a_reader_that_breaks_is_given_up_and_the_document_is_as_it_was(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = house.drop("Facture cassée.pdf", content=scan("x", "y")).document
    read_all()
    assert needs(document.id)
    monkeypatch.setattr(ocr, "is_able", lambda: True)
    monkeypatch.setattr(apart, "ask", lambda *_a, **_k: None)
    ocr.recognise(str(document.id))
    assert not needs(document.id)  # it is not tried for ever
    ada = signed_in(app, house.admin)
    assert names(ada, "cassee") == ["Facture cassée.pdf"]
    assert ada.get(f"/documents/{document.id}/download").status_code == 200


def test_a_store_that_is_away_and_a_machine_that_cannot_put_it_off(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = house.drop("IMG.jpg", content=photo("x")).document
    monkeypatch.setattr(ocr, "is_able", lambda: False)
    ocr.recognise(str(document.id))
    assert needs(document.id)

    def away(_key: str) -> None:
        raise StorageUnavailable("away")

    monkeypatch.setattr(ocr, "is_able", lambda: True)
    monkeypatch.setattr(store(), "open", away)
    ocr.recognise(str(document.id))
    assert needs(document.id)


def test_it_has_a_queue_of_its_own_that_the_worker_listens_to_last(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worker.QUEUES[-1] == ocr.QUEUE
    asked: list[str] = []

    def enqueue(_function: object, *_args: str, queue: str, **_more: object) -> None:
        asked.append(queue)

    monkeypatch.setattr(ocr, "enqueue", enqueue)
    house.drop("IMG.jpg", content=photo("x"))
    assert asked == [ocr.QUEUE]
    monkeypatch.setitem(app.config, "OCR", False)
    other = house.drop("IMG2.jpg", content=photo("y")).document
    assert asked == [ocr.QUEUE]
    assert ocr.ask_for_lost() == 0
    ocr.recognise(str(other.id))
    assert needs(other.id)  # for the day that it is wanted


def test_what_was_there_before_is_asked_for_by_a_command(
    app: Flask, house: House
) -> None:
    scanned = house.drop("a.pdf", content=scan("x")).document
    house.drop("b.pdf", content=one_page_pdf("Du texte"))
    read_all()
    db.session.execute(update(SearchEntry).values(needs_ocr=False))
    db.session.commit()
    assert catching_up.ask_for_scans() == 1
    assert needs(scanned.id)
    answer = app.test_cli_runner().invoke(args=["search", "ocr"])
    assert '"asked": 1' in answer.output
    assert OUTGOING not in db.session.info
