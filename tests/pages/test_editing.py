"""Pages turned, removed, moved and cut apart: new bytes beside the old ones, and what
had to leave still leaves, once."""

import io
import re
import uuid
from typing import Any

import pillow_heif
import pytest
from flask import Flask
from PIL import Image
from pypdf import PdfReader, PdfWriter
from sqlalchemy import select

from app.db import db
from app.delivery.auditing import differences
from app.delivery.models import Delivery
from app.delivery.why import why
from app.library.models import Arrival, Document, Version
from app.library.receiving import store
from app.library.replacing import replace
from app.library.taking import current_version
from app.pages import splitting
from tests.cast import Browser, House, World, signed_in
from tests.files import heic, jpeg, locked_pdf
from tests.pages.bad_files import (
    filled_pdf,
    many_pages,
    pdf_of,
    picture,
    turned_jpeg,
)

SCAN = pdf_of("One", "Two", "Three")


def dropped(house: House, content: bytes = SCAN, name: str = "Scan.pdf") -> Document:
    return house.drop(name, content=content).document


def fresh(document: Document) -> Document:
    return db.session.get_one(Document, document.id, populate_existing=True)


def bytes_of(version: Version) -> bytes:
    with store().open(version.storage_key) as blob:
        return blob.read()


def texts(content: bytes) -> list[str]:
    return [
        page.extract_text().strip() for page in PdfReader(io.BytesIO(content)).pages
    ]


def turns(content: bytes) -> list[int]:
    return [page.rotation for page in PdfReader(io.BytesIO(content)).pages]


def now(document: Document) -> bytes:
    return bytes_of(current_version(fresh(document)))


def edit(browser: Browser, document: Document, **fields: Any) -> Any:
    return browser.post(f"/documents/{document.id}/edit", data=fields)


def split(browser: Browser, document: Document, *cuts: int, **fields: Any) -> Any:
    data = {"cuts": [str(cut) for cut in cuts], **fields}
    return browser.post(f"/documents/{document.id}/split", data=data)


def deliveries(document: Document) -> list[Delivery]:
    return list(
        db.session.scalars(
            select(Delivery)
            .where(Delivery.document_id == document.id)
            .order_by(Delivery.id)
            .execution_options(populate_existing=True)
        )
    )


def living(house: House) -> dict[str, Document]:
    found = db.session.scalars(
        select(Document)
        .where(Document.company_id == house.dune.id, Document.trashed_at.is_(None))
        .execution_options(populate_existing=True)
    )
    return {document.name: document for document in found}


def test_pages_are_turned_removed_and_moved_in_a_new_version(
    app: Flask, world: World
) -> None:
    document = dropped(world.alder)
    browser = signed_in(app, world.alder.staff)
    answer = edit(
        browser,
        document,
        **{"remove": "2", "place-3": "1", "place-1": "2", "turn-3": 90},
    )
    assert answer.status_code == 303
    made = now(document)
    assert texts(made) == ["Three", "One"]
    assert turns(made) == [90, 0]
    assert fresh(document).version_number == 2
    assert b"Two" not in made  # what was taken out is not in the bytes either
    first = browser.get(f"/documents/{document.id}/versions/1/download")
    assert first.data == SCAN
    page = browser.get(f"/documents/{document.id}").text
    assert f"/documents/{document.id}/versions/1/download" in page
    assert f"/documents/{document.id}/versions/2/download" in page


def test_a_page_that_was_turned_before_is_turned_on(app: Flask, world: World) -> None:
    document = dropped(world.alder)
    browser = signed_in(app, world.alder.staff)
    for _time in range(2):
        edit(browser, document, **{"turn-1": "270"})
    assert turns(now(document)) == [180, 0, 0]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"remove": ["1", "2", "3"]},
        {"turn-1": "45"},
        {"remove": "9"},
        {"remove": "9" * 5000},
        {"place-1": "9" * 5000},
        {"version": "7", "turn-1": "90"},
    ],
)
def test_a_form_that_makes_no_sense_is_refused_with_what_was_chosen(
    app: Flask, world: World, fields: dict[str, Any]
) -> None:
    document = dropped(world.alder)
    answer = edit(signed_in(app, world.alder.staff), document, **fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    if fields.get("turn-1") == "90":
        assert re.search(r'<option value="90"\s+selected', answer.text)
    assert fresh(document).version_number == 1


def invoice_with_its_data() -> bytes:
    """As Factur-X: the data lie in the PDF."""
    writer = PdfWriter(clone_from=io.BytesIO(SCAN))
    writer.add_attachment("factur-x.xml", b"<rsm:CrossIndustryInvoice/>")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def test_the_data_of_an_invoice_survive_what_is_done_to_its_pages(
    app: Flask, world: World
) -> None:
    document = dropped(world.alder, invoice_with_its_data())
    browser = signed_in(app, world.alder.staff)
    edit(browser, document, **{"turn-1": "90"})
    edit(browser, document, remove="2")
    attached = PdfReader(io.BytesIO(now(document))).attachments
    assert attached["factur-x.xml"] == [b"<rsm:CrossIndustryInvoice/>"]


def signed_pdf() -> bytes:
    """With the field of a signature (ISO 32000-1, 12.8); what it signs matters not."""
    writer = PdfWriter(clone_from=io.BytesIO(SCAN))
    from pypdf.generic import (
        ArrayObject,
        ByteStringObject,
        DictionaryObject,
        NameObject,
        NumberObject,
        TextStringObject,
    )

    value = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Sig"),
            NameObject("/Filter"): NameObject("/Adobe.PPKLite"),
            NameObject("/Contents"): ByteStringObject(b"\x30\x00"),
            NameObject("/ByteRange"): ArrayObject([NumberObject(0)] * 4),
        }
    )
    field = DictionaryObject(
        {
            NameObject("/FT"): NameObject("/Sig"),
            NameObject("/T"): TextStringObject("Signature"),
            NameObject("/V"): writer._add_object(value),
        }
    )
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject(
        {NameObject("/Fields"): ArrayObject([writer._add_object(field)])}
    )
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def test_a_signed_document_is_changed_only_by_who_is_sure(
    app: Flask, world: World
) -> None:
    document = dropped(world.alder, signed_pdf())
    browser = signed_in(app, world.alder.staff)
    for answer in (
        edit(browser, document, **{"turn-1": "90"}),
        split(browser, document, 1),
    ):
        assert answer.status_code == 422
        assert 'name="sure"' in answer.text
    assert fresh(document).version_number == 1
    assert edit(browser, document, **{"turn-1": "90"}, sure="yes").status_code == 303
    assert fresh(document).version_number == 2


def test_a_locked_document_is_refused_with_a_sentence(app: Flask, world: World) -> None:
    document = dropped(world.alder, locked_pdf(b""))
    answer = edit(signed_in(app, world.alder.staff), document, **{"turn-1": "90"})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert fresh(document).version_number == 1


@pytest.mark.parametrize(
    ("name", "kind", "content"),
    [
        ("a.jpg", "JPEG", turned_jpeg()),
        ("a.png", "PNG", picture("PNG", size=(200, 400))),
        ("a.heic", "HEIF", heic(400, 200)),
    ],
)
def test_a_photo_is_turned_from_how_it_was_seen(
    app: Flask, world: World, name: str, kind: str, content: bytes
) -> None:
    pillow_heif.register_heif_opener()
    document = dropped(world.alder, content, name)
    browser = signed_in(app, world.alder.manager)
    page = browser.get(f"/documents/{document.id}/edit").text
    assert 'name="remove"' not in page
    assert edit(browser, document, **{"turn-1": "90"}).status_code == 303
    made = Image.open(io.BytesIO(now(document)))
    assert (made.format, made.size) == (kind, (400, 200))
    if name != "a.png":  # red was at the top
        seen = made.convert("RGB")
        right, left = seen.getpixel((380, 100)), seen.getpixel((20, 100))
        assert isinstance(right, tuple)
        assert isinstance(left, tuple)
        assert right[1] < 90
        assert left[1] > 200
    assert not made.getexif()
    assert edit(browser, document, remove="1").status_code == 422
    assert bytes_of(version_of(document, 1)) == content


def test_what_light_goes_through_stays_so_when_it_is_turned(
    app: Flask, world: World
) -> None:
    logo = Image.new("P", (60, 40), 0)
    logo.putpalette([0, 0, 0, 255, 0, 0])
    logo.paste(1, (10, 10, 30, 30))
    content = io.BytesIO()
    logo.save(content, "PNG", transparency=0)
    document = dropped(world.alder, content.getvalue(), "Logo.png")
    browser = signed_in(app, world.alder.manager)
    assert edit(browser, document, **{"turn-1": "90"}).status_code == 303
    made = Image.open(io.BytesIO(now(document))).convert("RGBA")
    assert [made.getpixel(at) for at in ((0, 0), (15, 15))] == [
        (0, 0, 0, 0),
        (255, 0, 0, 255),
    ]


def version_of(document: Document, number: int) -> Version:
    return db.session.scalars(
        select(Version).where(
            Version.document_id == document.id, Version.number == number
        )
    ).one()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"a;b\n", "a.csv"),
        (jpeg()[:200], "a.jpg"),
        (SCAN[:300], "a.pdf"),
        (locked_pdf(b"secret"), "a.pdf"),
        (many_pages(5000), "a.pdf"),
    ],
)
def test_what_has_no_pages_to_work_on_has_no_page_tools(
    app: Flask, world: World, content: bytes, name: str
) -> None:
    document = dropped(world.alder, content, name)
    browser = signed_in(app, world.alder.staff)
    assert (
        f"/documents/{document.id}/edit"
        not in browser.get(f"/documents/{document.id}").text
    )
    assert edit(browser, document, **{"turn-1": "90"}).status_code == 403
    assert split(browser, document, 1).status_code == 403


def test_a_client_changes_the_pages_of_their_own_until_the_firm_has_it(
    app: Flask, world: World
) -> None:
    house = world.alder
    document = dropped(house)
    owner, other = signed_in(app, house.manager), signed_in(app, house.user)
    assert edit(other, document, **{"turn-1": "90"}).status_code == 403
    assert split(other, document, 1).status_code == 403
    assert edit(owner, document, **{"turn-1": "90"}).status_code == 303
    fresh(document).status = "validated"
    db.session.commit()
    assert edit(owner, document, **{"turn-1": "90"}).status_code == 403
    assert owner.get(f"/documents/{document.id}/split").status_code == 403
    assert owner.get(f"/documents/{document.id}/versions/1/download").data == SCAN


def test_before_it_left_the_changed_pages_leave_in_its_place(
    app: Flask, world: World
) -> None:
    house = world.alder
    house.switch("on")
    document = dropped(house)
    edit(signed_in(app, house.staff), document, remove="3")
    [delivery] = deliveries(document)
    assert delivery.state == "pending"
    assert delivery.version_id == current_version(fresh(document)).id
    assert [d for d in differences() if d.kind in {"decision", "file"}] == []


@pytest.mark.parametrize(
    ("fields", "state"),
    [({"turn-1": "90"}, "accepted"), ({"remove": "3"}, "changed_since")],
)
def test_after_it_left_nothing_leaves_again_and_a_turn_is_no_change(
    app: Flask, world: World, fields: dict[str, str], state: str
) -> None:
    house = world.alder
    house.switch("on")
    document = dropped(house)
    [delivery] = deliveries(document)
    delivery.state = "accepted"
    db.session.commit()
    edit(signed_in(app, house.staff), document, **fields)
    assert [d.state for d in deliveries(document)] == ["accepted"]
    assert why(fresh(document))[0].state == state
    edit(signed_in(app, house.staff), document, **{"turn-1": "90"})
    assert why(fresh(document))[0].state == state


def test_two_who_change_the_same_document_do_not_undo_each_other(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.library.receiving import receive
    from app.pages import editing

    house = world.alder
    document = dropped(house)
    make = editing.edited

    def meanwhile(*args: Any, **how: Any) -> Any:
        made = make(*args, **how)
        own = db.session.get_one(Document, document.id)
        replace(own, receive([pdf_of("New")], "n.pdf"), by=house.admin)
        db.session.commit()
        return made

    monkeypatch.setattr(editing, "edited", meanwhile)
    answer = edit(signed_in(app, house.staff), document, **{"turn-1": "90"})
    assert answer.status_code == 422
    assert fresh(document).version_number == 2
    assert texts(now(document)) == ["New"]


def test_a_scan_is_split_and_each_part_is_due_instead_of_it(
    app: Flask, world: World
) -> None:
    house = world.alder
    house.switch("on")
    document = dropped(house)
    page = signed_in(app, house.manager).get(f"/documents/{document.id}/split")
    assert page.status_code == 200
    assert split(signed_in(app, house.manager), document, 1).status_code == 303
    parts = dict(sorted(living(house).items()))
    assert [texts(now(part)) for part in parts.values()] == [["One"], ["Two", "Three"]]
    assert all(name.startswith("Scan – ") for name in parts)
    for part in parts.values():
        assert [d.state for d in deliveries(part)] == ["pending"]
        assert part.folder_id == document.folder_id
        arrival = db.session.scalars(
            select(Arrival).where(Arrival.document_id == part.id)
        ).one()
        assert arrival.kind == "upload"
    assert fresh(document).trashed_at
    assert [(d.state, d.reason) for d in deliveries(document)] == [
        ("cancelled", "trashed")
    ]
    assert [d for d in differences() if d.kind in {"decision", "file"}] == []
    assert bytes_of(current_version(fresh(document))) == SCAN


def test_what_was_filled_in_is_read_in_the_parts_and_after_a_change(
    app: Flask, world: World
) -> None:
    document = dropped(world.alder, filled_pdf("Alpha", "Beta", "Gamma"))
    browser = signed_in(app, world.alder.admin)
    assert edit(browser, document, remove="3").status_code == 303
    fields = PdfReader(io.BytesIO(now(document))).get_form_text_fields()
    assert {"Alpha", "Beta"} <= set(fields.values())
    assert split(browser, document, 1).status_code == 303
    parts = sorted(living(world.alder).items())
    assert [texts(now(part)) for _name, part in parts] == [["Alpha"], ["Beta"]]


@pytest.mark.parametrize("cuts", [(), (0,), (3,), (99,)])
def test_a_split_needs_a_place_to_cut(
    app: Flask, world: World, cuts: tuple[int, ...]
) -> None:
    document = dropped(world.alder)
    answer = split(signed_in(app, world.alder.staff), document, *cuts)
    assert answer.status_code == 422
    assert list(living(world.alder)) == ["Scan.pdf"]


@pytest.mark.parametrize("state", ["accepted", "delivered", "unknown", "sending"])
def test_what_may_have_left_stays_and_its_parts_leave_only_by_who_is_sure(
    app: Flask, world: World, state: str
) -> None:
    house = world.alder
    house.switch("on")
    document = dropped(house)
    [delivery] = deliveries(document)
    delivery.state = state
    db.session.commit()
    browser = signed_in(app, house.staff)
    answer = split(browser, document, 1)
    assert answer.status_code == 422
    assert 'name="again"' in answer.text
    assert list(living(house)) == ["Scan.pdf"]
    assert split(browser, document, 1, again="yes").status_code == 303
    assert len(living(house)) == 3
    assert fresh(document).trashed_at is None
    assert [d.state for d in deliveries(document)] == [state]


def test_a_client_is_not_told_that_it_may_have_left(app: Flask, world: World) -> None:
    house = world.alder
    house.switch("on")
    document = dropped(house)
    [delivery] = deliveries(document)
    delivery.state = "unknown"
    db.session.commit()
    browser = signed_in(app, house.manager)
    assert 'name="again"' not in browser.get(f"/documents/{document.id}/split").text
    assert split(browser, document, 1).status_code == 303


def test_a_split_that_fails_leaves_everything_as_it_was(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = world.alder
    document = dropped(house)
    before = set(store().keys(_now(), ""))

    def broken(*_args: Any, **_how: Any) -> None:
        from app.errors import Refused

        raise Refused("No.")

    monkeypatch.setattr(splitting, "trash_document", broken)
    answer = split(signed_in(app, house.staff), document, 1)
    assert answer.status_code == 422
    assert list(living(house)) == ["Scan.pdf"]
    assert set(store().keys(_now(), "")) == before


def _now() -> Any:
    from datetime import timedelta

    return timedelta(0)


def test_an_older_version_is_for_those_who_may_see_the_document(
    app: Flask, world: World
) -> None:
    house = world.alder
    document = house.drop("c.pdf", path="Cabinet", content=SCAN).document
    url = f"/documents/{document.id}/versions/1/download"
    assert signed_in(app, house.staff).get(url).data == SCAN
    assert signed_in(app, house.manager).get(url).status_code == 404
    assert signed_in(app, world.birch.admin).get(url).status_code == 404
    for number in (0, 2, 10**12):
        missing = f"/documents/{document.id}/versions/{number}/download"
        assert signed_in(app, house.staff).get(missing).status_code == 404
    other = f"/documents/{uuid.uuid4()}/versions/1/download"
    assert signed_in(app, house.staff).get(other).status_code == 404
