"""Photos and PDFs put together in one PDF; the originals can be had back."""

import io
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import delete, update

from app.db import db
from app.delivery.auditing import differences
from app.library.deposit import deposit
from app.library.models import Document
from app.library.receiving import receive
from app.library.trashing import restore_document
from app.pages import merging, splitting
from app.people.models import Membership, Person
from tests.cast import Browser, House, World, signed_in
from tests.files import heic, jpeg, locked_pdf
from tests.pages.bad_files import filled_pdf, pdf_of, tiff_of
from tests.pages.test_editing import (
    SCAN,
    bytes_of,
    deliveries,
    fresh,
    living,
    now,
    signed_pdf,
    split,
    texts,
)
from tests.pages.test_scanning import stored


def merge(browser: Browser, house: House, *documents: Document, **fields: Any) -> Any:
    data = {"id": [str(document.id) for document in documents], **fields}
    return browser.post(f"/companies/{house.dune.slug}/documents/merge", data=data)


def two(house: House) -> tuple[Document, Document]:
    first = house.drop("A.pdf", content=pdf_of("One", "Two")).document
    return first, house.drop("B.pdf", content=pdf_of("Three")).document


def test_documents_are_put_together_in_the_order_that_was_asked_for(
    app: Flask, world: World
) -> None:
    house = world.alder
    house.switch("on")
    first, second = two(house)
    answer = merge(signed_in(app, house.manager), house, second, first, name="Tout")
    assert answer.status_code == 303
    [(name, made)] = living(house).items()
    assert name == "Tout.pdf"
    assert texts(now(made)) == ["Three", "One", "Two"]
    assert [d.state for d in deliveries(made)] == ["pending"]
    for original in (first, second):
        assert fresh(original).trashed_at
        assert [d.reason for d in deliveries(original)] == ["trashed"]
    restore_document(fresh(first), by=house.staff)
    db.session.commit()
    assert texts(now(first)) == ["One", "Two"]
    assert [d for d in differences() if d.kind in {"decision", "file"}] == []


def test_numbers_beside_them_say_the_order_without_script(
    app: Flask, world: World
) -> None:
    house = world.alder
    first, second = two(house)
    places = {f"place-{first.id}": "7", f"place-{second.id}": "3"}
    merge(signed_in(app, house.staff), house, first, second, **places)
    [(name, made)] = living(house).items()
    assert name == "B.pdf"
    assert texts(now(made)) == ["Three", "One", "Two"]


def test_photos_become_pages_as_they_were_held(app: Flask, world: World) -> None:
    import io

    house = world.alder
    photo = house.drop("a.heic", content=heic(400, 200)).document
    other = house.drop("b.jpg", content=jpeg()).document
    merge(signed_in(app, house.manager), house, photo, other)
    [(name, made)] = living(house).items()
    assert name == "a.pdf"
    upright, flat = PdfReader(io.BytesIO(now(made))).pages
    assert upright.mediabox.height > upright.mediabox.width
    assert flat.mediabox.width > flat.mediabox.height
    assert bytes_of_original(photo) == heic_bytes(photo)


def bytes_of_original(document: Document) -> bytes:
    from app.library.taking import current_version

    return bytes_of(current_version(fresh(document)))


def heic_bytes(document: Document) -> bytes:
    content = bytes_of_original(document)
    assert content[4:12] == b"ftypheic"
    return content


def test_every_page_of_a_fax_is_there(app: Flask, world: World) -> None:
    house = world.alder
    fax = house.drop("Fax.tif", content=tiff_of("red", "green", "blue")).document
    paper = house.drop("B.pdf", content=pdf_of("Three")).document
    browser = signed_in(app, house.manager)
    assert merge(browser, house, fax, paper).status_code == 303
    [made] = living(house).values()
    assert len(PdfReader(io.BytesIO(now(made))).pages) == 4


def test_what_was_filled_in_is_still_read(app: Flask, world: World) -> None:
    house = world.alder
    form = house.drop("Formulaire.pdf", content=filled_pdf("Alpha", "Beta")).document
    paper = house.drop("B.pdf", content=pdf_of("Three")).document
    browser = signed_in(app, house.manager)
    assert merge(browser, house, form, paper).status_code == 303
    [made] = living(house).values()
    assert texts(now(made)) == ["Alpha", "Beta", "Three"]


def test_what_was_chosen_is_put_together_however_much_came_since(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = world.alder
    monkeypatch.setattr(merging, "MOST", 3)
    first, second = two(house)
    for number in range(2):
        house.drop(f"{number}.pdf", content=pdf_of("Later"))
    for number in range(3):
        dropped_by(house.admin, house, f"Cabinet {number}.pdf")
    browser = signed_in(app, house.manager)
    url = f"/companies/{house.dune.slug}/documents/merge"
    page = browser.get(f"{url}?folder={house.folder().id}&id={first.id}").text
    assert str(first.id) in page
    assert merge(browser, house, first, second, name="Tout").status_code == 303
    assert texts(now(living(house)["Tout.pdf"])) == ["One", "Two", "Three"]
    every = list(living(house).values())
    answer = merge(signed_in(app, house.admin), house, *every)
    assert answer.status_code == 422
    assert "3 documents au plus" in answer.text


def dropped_by(person: Person, house: House, name: str) -> None:
    received = receive([pdf_of("Theirs")], name)
    deposit(received, into=house.folder(), by=person, channel="firm")
    db.session.commit()


def test_the_page_offers_what_can_be_put_together(app: Flask, world: World) -> None:
    house = world.alder
    first, second = two(house)
    locked = house.drop("L.pdf", content=locked_pdf(b"x")).document
    table = house.drop("t.csv", content=b"a;b\n").document
    url = f"/companies/{house.dune.slug}/documents/merge?folder={first.folder_id}"
    page = signed_in(app, house.staff).get(f"{url}&id={second.id}").text
    for document, is_offered in (
        (first, True),
        (second, True),
        (locked, False),
        (table, False),
    ):
        assert (f'value="{document.id}"' in page) == is_offered
    assert page.count("checked") == 1
    assert f'value="{first.id}"' not in signed_in(app, house.user).get(url).text


@pytest.mark.parametrize("number", [0, 1])
def test_one_alone_is_not_put_together(app: Flask, world: World, number: int) -> None:
    house = world.alder
    documents = two(house)
    browser = signed_in(app, house.staff)
    folder = str(documents[0].folder_id)
    answer = merge(browser, house, *documents[:number], folder=folder)
    assert answer.status_code == 422
    assert len(living(house)) == 2


def test_nobody_puts_together_what_is_not_theirs(app: Flask, world: World) -> None:
    house = world.alder
    first, second = two(house)
    assert merge(signed_in(app, house.user), house, first, second).status_code == 422
    away = world.birch.drop("Z.pdf", content=SCAN).document
    browser = signed_in(app, house.staff)
    assert merge(browser, house, away, first).status_code == 404
    assert merge(browser, house, first, away).status_code == 422
    elsewhere = house.drop("E.pdf", path="Administratif", content=SCAN).document
    assert merge(browser, house, first, elsewhere).status_code == 422
    assert len(living(house)) == 3


@pytest.mark.parametrize("tool", ["split", "merge"])
@pytest.mark.parametrize("what", ["validated", "left"])
def test_what_was_decided_while_the_pages_are_made_is_asked_for_again(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, tool: str, what: str
) -> None:
    """Nothing is made then, nothing is in the trash, and no bytes stay."""
    house = world.alder
    first, second = two(house)
    kept = stored(app)
    module: Any = {"split": splitting, "merge": merging}[tool]
    making = "parts" if tool == "split" else "merged"
    really = getattr(module, making)

    def meanwhile(*args: Any, **named: Any) -> Any:
        made = really(*args, **named)
        if what == "validated":
            db.session.execute(update(Document).values(status="validated"))
        else:
            theirs = Membership.person_id == house.manager.id
            db.session.execute(delete(Membership).where(theirs))
        db.session.commit()
        return made

    monkeypatch.setattr(module, making, meanwhile)
    dora = signed_in(app, house.manager)
    answer = (
        split(dora, first, 1) if tool == "split" else merge(dora, house, first, second)
    )
    assert answer.status_code == (422 if what == "validated" else 403)
    told = "Pris en compte" if what == "validated" else "ne vous est plus ouverte"
    assert told in answer.text
    assert what == "validated" or first.name not in answer.text
    assert [fresh(one).trashed_at for one in (first, second)] == [None, None]
    assert stored(app) == kept


def test_what_was_sent_is_left_out(app: Flask, world: World) -> None:
    house = world.alder
    house.switch("on")
    first, second = two(house)
    [delivery] = deliveries(first)
    delivery.state = "accepted"
    db.session.commit()
    answer = merge(signed_in(app, house.staff), house, first, second)
    assert answer.status_code == 422
    assert "A.pdf" in answer.text
    assert len(living(house)) == 2


def test_what_is_signed_or_locked_is_not_put_together_unasked(
    app: Flask, world: World
) -> None:
    house = world.alder
    first, _second = two(house)
    signed = house.drop("S.pdf", content=signed_pdf()).document
    locked = house.drop("L.pdf", content=locked_pdf(b"")).document
    browser = signed_in(app, house.staff)
    answer = merge(browser, house, first, locked)
    assert answer.status_code == 422
    assert "L.pdf" in answer.text
    assert merge(browser, house, first, signed).status_code == 422
    assert merge(browser, house, first, signed, sure="yes").status_code == 303
