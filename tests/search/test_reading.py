"""The text of a file is read apart, after the deposit."""

import pytest
from flask import Flask
from sqlalchemy import update

from app import apart
from app.blobs import StorageUnavailable
from app.db import db
from app.library.receiving import receive, store
from app.library.renaming import rename_document
from app.library.replacing import replace
from app.search import reading
from app.search.cleaning import cleaned
from app.search.indexing import write
from app.search.models import SearchEntry
from app.search.reading import Layer
from tests.cast import House, signed_in
from tests.papers import one_page_pdf
from tests.search.looking import names, read_all


def test_the_text_of_a_pdf_is_found_once_it_was_read(app: Flask, house: House) -> None:
    content = one_page_pdf("Abonnement électricité, total 1 234,56 euros")
    done = house.drop("scan0001.pdf", content=content)
    ada = signed_in(app, house.admin)
    assert names(ada, "electricite") == []
    reading.read_text(str(done.document.id))
    assert names(ada, "electricite abonnement") == ["scan0001.pdf"]
    page = ada.get("/search?q=ELECTRICITE").text
    assert "<mark>électricité</mark>" in page


def test_a_reader_that_breaks_leaves_a_document_found_by_its_name(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = house.drop("Facture cassée.pdf")
    monkeypatch.setattr(apart, "ask", lambda *_a, **_k: None)
    reading.read_text(str(done.document.id))
    assert names(signed_in(app, house.admin), "cassee") == ["Facture cassée.pdf"]
    entry = db.session.get_one(SearchEntry, done.document.id)
    assert entry.read_sha256 == done.document.sha256  # it is not tried for ever


@pytest.mark.parametrize(
    "content", [b"%PDF-1.4 and no more", b"%PDF-1.7\n" + bytes(range(256)) * 50]
)
def test_a_file_without_a_text_to_be_read_is_found_by_its_name(
    app: Flask, house: House, content: bytes
) -> None:
    done = house.drop("Cassée.pdf", content=content)
    reading.read_text(str(done.document.id))
    entry = db.session.get_one(SearchEntry, done.document.id)
    assert (entry.content, entry.read_sha256) == ("", done.document.sha256)
    assert names(signed_in(app, house.admin), "cassee") == ["Cassée.pdf"]


def test_while_the_store_is_away_a_text_is_left_for_later(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.drop("a.pdf", content=one_page_pdf("cerise"))

    def away(_key: str) -> None:
        raise StorageUnavailable("away")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(store(), "open", away)
        read_all()
    ada = signed_in(app, house.admin)
    assert names(ada, "cerise") == []
    read_all()
    assert names(ada, "cerise") == ["a.pdf"]


def test_a_long_text_is_read_up_to_what_an_index_takes(house: House) -> None:
    done = house.drop("a.pdf")
    content = " ".join(f"mot{number}é" for number in range(60_000))
    write(done.document, content, done.document.sha256)
    db.session.commit()
    entry = db.session.get_one(SearchEntry, done.document.id, populate_existing=True)
    assert len(entry.body.encode()) <= 200_000


def test_what_happens_while_a_text_is_read_is_not_written_over(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = house.drop("Premier.pdf").document

    def renamed_meanwhile(_key: str) -> Layer:
        rename_document(document, "Second.pdf", by=house.admin)
        db.session.commit()
        return Layer("cerise", False)

    monkeypatch.setattr(reading, "_text_layer", renamed_meanwhile)
    reading.read_text(str(document.id))
    ada = signed_in(app, house.admin)
    assert names(ada, "second cerise") == ["Second.pdf"]

    def replaced_meanwhile(_key: str) -> Layer:
        db.session.execute(update(SearchEntry).values(read_sha256=None))
        replace(document, receive([one_page_pdf("prune")], "x.pdf"), by=house.admin)
        db.session.commit()
        return Layer("cerise", False)

    db.session.execute(update(SearchEntry).values(read_sha256=None))
    db.session.commit()
    monkeypatch.setattr(reading, "_text_layer", replaced_meanwhile)
    reading.read_text(str(document.id))
    assert names(ada, "cerise") == []


def test_what_no_column_can_hold_is_taken_out_of_a_text() -> None:
    dirty = "Fac\x00ture \ud83d élec\x02\r\ntricité\fpage e\u0301te\u0301"
    assert cleaned(dirty) == "Facture électricité page été"
