"""Of a document's past, a client sees what it was where they see it: not what the firm
made of it among its own."""

import io
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from PIL import Image
from sqlalchemy import select

from app.db import db
from app.library.deposit import Deposited, deposit
from app.library.models import Document
from app.library.moving import move_document
from app.library.receiving import receive
from app.library.renaming import rename_document
from app.library.replacing import replace
from app.pages import scanning
from app.people.models import Person
from tests.cast import House, World, signed_in
from tests.papers import one_page_pdf

FIRM_S_OWN = "Cabinet"


@pytest.fixture
def house(world: World) -> House:
    return world.alder


def replaced(house: House, document: Document, words: str) -> None:
    received = receive([one_page_pdf(words)], f"{words}.pdf")
    replace(document, received, by=house.staff, channel="firm")
    db.session.commit()


def moved(house: House, document: Document, path: str) -> None:
    move_document(document, house.folder(path), by=house.staff, channel="firm")
    db.session.commit()


def offered(app: Flask, who: Person, document: Document) -> list[int]:
    """The versions that the page has, each of which is given."""
    browser = signed_in(app, who)
    url = f"/documents/{document.id}"
    page = BeautifulSoup(browser.get(url).text, "html.parser")
    shown = [int(one.text[1:]) for one in page.select(".versions-number")]
    given = [
        number
        for number in range(1, document.version_number + 1)
        if browser.get(f"{url}/versions/{number}/download").status_code == 200
    ]
    assert not shown or shown == given[::-1]
    return given


def history(app: Flask, who: Person, document: Document) -> str:
    page = signed_in(app, who).get(f"/documents/{document.id}").text
    lines = BeautifulSoup(page, "html.parser").select(".history li")
    return " | ".join(line.get_text(" ", strip=True) for line in lines)


def drafted(house: House) -> Document:
    """Written and corrected among the firm's own, then shared."""
    received = receive([one_page_pdf("draft")], "Brouillon litige.pdf")
    own = house.folder(FIRM_S_OWN)
    document = deposit(received, into=own, by=house.staff, channel="firm").document
    db.session.commit()
    replaced(house, document, "second draft")
    replaced(house, document, "for the client")
    rename_document(document, "Lettre.pdf", by=house.staff)
    moved(house, document, "Juridique")
    return document


def test_versions_of_before_it_was_shared_are_the_firm_s(
    app: Flask, house: House
) -> None:
    document = drafted(house)
    assert offered(app, house.manager, document) == [3]
    assert offered(app, house.staff, document) == [1, 2, 3]


def test_neither_what_it_was_called_nor_done_with_then_is_told(
    app: Flask, house: House
) -> None:
    document = drafted(house)
    told = history(app, house.manager, document)
    assert "Brouillon litige" not in told
    assert "Déposé" not in told
    assert "version" not in told
    assert "Déplacé" in told
    assert "Brouillon litige" in history(app, house.staff, document)


def test_what_a_client_brought_stays_theirs_to_have(app: Flask, house: House) -> None:
    """The firm takes it aside, corrects it twice and puts it back."""
    document = house.drop("Contrat.pdf", "Juridique").document
    moved(house, document, FIRM_S_OWN)
    replaced(house, document, "with remarks")
    rename_document(document, "Contrat, à revoir.pdf", by=house.staff)
    replaced(house, document, "clean")
    rename_document(document, "Contrat.pdf", by=house.staff)
    moved(house, document, "Juridique")
    assert offered(app, house.manager, document) == [1, 3]
    told = history(app, house.manager, document)
    assert "Déposé par Dora Dune" in told
    assert "à revoir" not in told


def test_of_what_comes_out_of_the_bank_s_folder_a_user_sees_what_came_out(
    app: Flask, house: House
) -> None:
    bank = "Dossier comptable annuel/Exercice 2026/Banque"
    document = house.drop("Relevé.pdf", bank).document
    replaced(house, document, "one page of it")
    moved(house, document, "Juridique")
    assert offered(app, house.user, document) == [2]
    assert offered(app, house.manager, document) == [1, 2]


def test_who_brought_a_version_has_it_wherever_that_was(
    app: Flask, house: House
) -> None:
    """The folder that they brought it to is the firm's own by now."""
    document = house.drop("Devis.pdf", "Administratif").document
    moved(house, document, "Juridique")
    replaced(house, document, "signed")
    house.folder("Administratif").visibility = "firm_only"
    db.session.commit()
    assert offered(app, house.manager, document) == [1, 2]
    assert "Déposé par Dora Dune" in history(app, house.manager, document)


def test_photos_that_a_hidden_version_was_made_of_are_not_given(
    app: Flask, house: House
) -> None:
    done = scanned(house, FIRM_S_OWN)
    replaced(house, done.document, "for the client")
    moved(house, done.document, "Juridique")
    url = f"/documents/{done.document.id}"
    for who, status in ((house.manager, 404), (house.staff, 200)):
        browser = signed_in(app, who)
        assert browser.get(f"{url}/photos/1/download").status_code == status
        assert ("/photos/1/" in browser.get(url).text) is (status == 200)


def scanned(house: House, path: str) -> Deposited:
    made = io.BytesIO()
    Image.new("RGB", (300, 400), "white").save(made, "JPEG")
    photos = [receive([made.getvalue()], "page.jpg")]
    pdf = scanning.scanned(photos, "Scan")
    done = scanning.scan(
        photos, pdf, house.folder(path), by=house.staff, upload_id=None
    )
    db.session.commit()
    return done


def test_an_upload_that_is_tried_again_tells_no_name_that_the_firm_gave_it_aside(
    app: Flask, house: House
) -> None:
    """The answer to the first try was lost, and the phone sends it again in the
    morning."""
    dora, once = signed_in(app, house.manager), str(uuid4())
    folder = f"/companies/{house.dune.slug}/folders/{house.folder('Juridique').id}"
    picture = io.BytesIO()
    Image.new("RGB", (300, 400), "white").save(picture, "JPEG")
    for act, content, name in (
        ("documents", one_page_pdf("a"), "a.pdf"),
        ("scan", picture.getvalue(), "b.jpg"),
    ):
        for _try in range(2):
            answer = dora.post(
                f"{folder}/{act}",
                data={"file": (io.BytesIO(content), name), "upload_id": once},
                content_type="multipart/form-data",
            )
            assert answer.status_code == 303
            told = dora.get(answer.location, follow_redirects=True)
            assert told.status_code == 200
            assert "Litige" not in told.text
            newest = select(Document).order_by(Document.id.desc()).limit(1)
            document = db.session.scalars(newest).one()
            if _try == 0:
                moved(house, document, FIRM_S_OWN)
                rename_document(document, "Litige", by=house.staff)
                db.session.commit()


def test_nor_does_a_folder_that_is_made_again(app: Flask, house: House) -> None:
    dora, once = signed_in(app, house.manager), str(uuid4())
    parent = house.folder("Juridique")
    asked = {"parent": parent.id, "name": "Devis", "once": once}
    for _try in range(2):
        answer = dora.post(f"/companies/{house.dune.slug}/folders", data=asked)
        assert answer.status_code == 303
        told = dora.get(answer.location)
        assert told.status_code == 200
        assert "Litige" not in told.text
        if _try == 0:
            made = house.folder("Juridique/Devis")
            made.parent_id, made.name = house.folder(FIRM_S_OWN).id, "Litige"
            db.session.commit()
    assert house.folder("Juridique/Devis").id != made.id
