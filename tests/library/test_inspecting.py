"""What a file is like is found at the deposit; it is kept whatever it is."""

import os
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app import apart
from app.db import db
from app.errors import Refused
from app.library.models import Document, Version
from app.library.receiving import Received, receive
from tests.cast import World, signed_in
from tests.files import heic, jpeg, locked_pdf, png_of
from tests.library.test_depositing import HTMX, documents, post
from tests.papers import one_page_pdf

CORPUS = Path(os.environ.get("CORPUS", ""))
DAMAGED_HEIC = heic()[:-200]
WHOLE = one_page_pdf("Facture")
NO_TABLE = WHOLE[: WHOLE.index(b"xref")] + b"trailer<</Root 1 0 R>>"
NO_PAGE = WHOLE.replace(b"/Kids [3 0 R] /Count 1", b"/Kids [] /Count 0")
CASES = {
    "whole.pdf": (WHOLE, None, 1),
    "junk before.pdf": (b"\r\n\r\n" + WHOLE, None, 1),
    "junk after.pdf": (WHOLE + b"x" * 5000, None, 1),
    "no table.pdf": (NO_TABLE, None, 1),
    "half.pdf": (WHOLE[: len(WHOLE) // 2], "damaged", None),
    "no page.pdf": (NO_PAGE, "damaged", None),
    "garbage.pdf": (b"%PDF-1.4 garbage", "damaged", None),
    "no pdf.pdf": (b"Bonjour", "damaged", None),
    "locked.pdf": (locked_pdf(b"secret"), "encrypted", None),
    "rights only.pdf": (locked_pdf(b""), None, 1),
    "photo.heic": (heic(), None, None),
    "half.heic": (DAMAGED_HEIC, "damaged", None),
    "photo.jpg": (jpeg(), None, None),
    "half.jpg": (jpeg()[:2000], "damaged", None),
    "half.png": (png_of(100, 100), "damaged", None),
    "bomb.png": (png_of(100_000, 100_000), "oversized", None),
    "sheet.csv": (b"a;b\r\n", None, None),
    "letter.txt": (b"\x00\x01", None, None),
}


def found(content: bytes, name: str) -> tuple[str | None, int | None]:
    received = receive([content], name)
    return received.defect, received.pages


@pytest.mark.parametrize("name", CASES)
def test_what_a_file_is_like(app: Flask, name: str) -> None:
    content, defect, pages = CASES[name]
    assert found(content, name) == (defect, pages)


@pytest.mark.parametrize("size", [1, 2, 3, 100, 8191])
def test_it_is_the_same_in_however_small_pieces_it_comes(app: Flask, size: int) -> None:
    """As where a part of a form begins at the very end of what was read of the line."""
    photo = jpeg()
    for content, name in ((WHOLE, "a.pdf"), (photo, "a.jpg"), (heic(), "a.heic")):
        pieces = [content[at : at + size] for at in range(0, len(content), size)]
        came = receive([b"", *pieces], name)
        assert came.content_type == receive([content], name).content_type
        assert (came.defect, came.stored.size) == (None, len(content))
        first_only = receive([content[:size], content[size:]], name)
        assert first_only.content_type == came.content_type
    with pytest.raises(Refused, match="programme"):
        receive([b"M", b"Z\x90\x00" + bytes(2000)], "a.pdf")


def test_it_is_kept_with_the_version(world: World) -> None:
    done = world.alder.drop("locked.pdf", content=locked_pdf(b"secret"))
    version = db.session.scalars(
        select(Version).where(Version.document_id == done.document.id)
    ).one()
    assert (version.defect, version.pages) == ("encrypted", None)
    done = world.alder.drop("whole.pdf")
    version = db.session.scalars(
        select(Version).where(Version.document_id == done.document.id)
    ).one()
    assert (version.defect, version.pages) == (None, 1)


def test_when_nothing_can_be_said_the_file_is_kept_all_the_same(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "MEGABYTES", 1)
    monkeypatch.setattr(apart.ask, "__kwdefaults__", {"seconds": 5, "megabytes": 1})
    received: Received = receive([WHOLE], "a.pdf")
    assert (received.defect, received.pages) == (None, None)
    monkeypatch.setattr(apart, "ask", _no_disk)
    done = world.alder.drop("b.pdf")
    assert db.session.get(Document, done.document.id)


def _no_disk(*_args: object, **_more: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.pdf", locked_pdf(b"x"), "protégé par un mot de passe"),
        ("b.pdf", b"%PDF-1.4 garbage", "semble abîmé"),
        ("c.png", png_of(100_000, 100_000), "très grande"),
    ],
)
def test_the_depositor_is_told_and_the_file_is_kept(
    app: Flask, world: World, name: str, content: bytes, said: str
) -> None:
    house = world.alder
    house.switch("on")
    dora = signed_in(app, house.manager)
    url = f"/companies/{house.dune.slug}/folders/{house.folder().id}/documents"
    answer = post(dora, url, (content, name), headers=HTMX)
    assert answer.status_code == 200
    assert said in answer.text
    assert "votre cabinet" in answer.text
    assert [document.name for document in documents()] == [name]
    post(dora, url, (content, f"without-script-{name}"))
    assert said in dora.get("/").text


RIGHT = {
    "qpdf-empty.pdf": "damaged",
    "qpdf-bad1.pdf": "damaged",
    "qpdf-enc-XI-R6,V5,U=view,O=master.pdf": "encrypted",
    "qpdf-bad-encryption-length.pdf": "encrypted",
    "qpdf-fuzz-16214.pdf": "damaged",
    "corrupted.heic": "damaged",
}


@pytest.mark.skipif(not (CORPUS / "pdf").is_dir(), reason="CORPUS names no folder")
def test_files_of_other_projects_are_told_apart(app: Flask) -> None:
    """`CORPUS`: a folder with pdf/ and einvoice/, whose names are those of RIGHT."""
    paths = [p for part in ("pdf", "einvoice") for p in (CORPUS / part).rglob("*.*")]
    paths = [p for p in paths if p.suffix in {".pdf", ".heic", ".heif"}]
    assert paths
    got = {p.name: found(p.read_bytes(), p.name)[0] for p in paths}
    assert {name: defect for name, defect in got.items() if defect} == RIGHT
