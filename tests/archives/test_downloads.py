"""Many documents in one ZIP, streamed: what is in it, for whom, under which names."""

import io
import zipfile
from typing import Any

import pytest
from flask import Flask

from app.archives import gathering
from app.archives.safe_names import Names, harmless
from app.archives.zipping import CHUNK, Part, Zip
from app.blobs import StorageUnavailable
from app.db import db, utc_now
from app.library.making import make_folder
from app.library.models import Document, Version
from app.library.receiving import store
from app.library.trashing import trash_document
from tests.cast import PURCHASES, Browser, House, World, signed_in
from tests.papers import one_page_pdf


@pytest.fixture
def house(world: World) -> House:
    return world.alder


def opened(answer: Any) -> zipfile.ZipFile:
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/zip"
    whole = zipfile.ZipFile(io.BytesIO(answer.data))
    assert whole.testzip() is None
    return whole


def ticked(browser: Browser, house: House, *documents: Document) -> Any:
    return browser.post(
        f"/companies/{house.dune.slug}/documents/download",
        data={"id": [str(document.id) for document in documents]},
    )


def of_folder(browser: Browser, house: House, path: str) -> Any:
    folder = house.folder(path)
    return browser.get(f"/companies/{house.dune.slug}/folders/{folder.id}/download")


def rename(document: Document, name: str) -> Document:
    """As rows of other times may be called."""
    document.name = name
    db.session.commit()
    return document


def test_those_that_were_ticked_come_side_by_side_with_their_bytes(
    app: Flask, house: House
) -> None:
    content = one_page_pdf("été")
    first = house.drop("Relevé d’été.pdf", content=content).document
    second = house.drop("Relevé d’été.pdf", "Administratif").document
    third = house.drop("RELEVÉ D’ÉTÉ.PDF", "Juridique").document
    made = opened(ticked(signed_in(app, house.manager), house, first, second, third))
    names = made.namelist()
    assert {name.casefold() for name in names} == {
        "relevé d’été.pdf",
        "relevé d’été (2).pdf",
        "relevé d’été (3).pdf",
    }
    assert content in [made.read(name) for name in names]
    assert {info.compress_type for info in made.infolist()} == {zipfile.ZIP_STORED}


def test_a_folder_comes_with_those_below_it(app: Flask, house: House) -> None:
    house.drop("Facture.pdf")
    house.drop("Facture.pdf", f"{PURCHASES}/10 – Octobre")
    house.drop("Vente.pdf", "Dossier comptable annuel/Exercice 2026/Ventes")
    made = opened(of_folder(signed_in(app, house.manager), house, PURCHASES))
    assert made.namelist() == ["10 – Octobre/Facture.pdf", "Facture.pdf"]


def test_the_file_is_called_after_the_folder(app: Flask, house: House) -> None:
    house.drop("a.pdf", "Dossier comptable annuel")
    answer = of_folder(signed_in(app, house.admin), house, "Dossier comptable annuel")
    said = answer.headers["Content-Disposition"]
    assert said == 'attachment; filename="Dossier comptable annuel.zip"'
    answer = of_folder(signed_in(app, house.admin), house, "À classer")
    assert answer.status_code == 422
    house.drop("a.pdf", "À classer")
    said = of_folder(signed_in(app, house.admin), house, "À classer").headers[
        "Content-Disposition"
    ]
    assert "filename*=UTF-8''%C3%80%20classer.zip" in said


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("admin", {"Achats", "Banque", "Social", "Cabinet"}),
        ("manager", {"Achats", "Banque", "Social"}),
        ("user", {"Achats"}),
    ],
)
def test_what_a_person_may_not_see_is_not_in_it(
    app: Flask, house: House, who: str, seen: set[str]
) -> None:
    year = "Dossier comptable annuel/Exercice 2026"
    for path in (f"{year}/Achats", f"{year}/Banque", "Social", "Cabinet"):
        house.drop(f"{path.rpartition('/')[2]}.pdf", path)
    gone = house.drop("Corbeille.pdf").document
    trash_document(gone, by=house.admin)
    top = house.folder("Dossier comptable annuel")
    for path in ("Social", "Cabinet"):
        house.folder(path).parent_id = top.id
    db.session.commit()
    browser = signed_in(app, getattr(house, who))
    made = opened(of_folder(browser, house, "Dossier comptable annuel"))
    stems = {name.rpartition("/")[2].removesuffix(".pdf") for name in made.namelist()}
    assert stems == seen


def test_no_number_in_a_path_tells_of_a_folder_that_is_hidden(
    app: Flask, house: House
) -> None:
    """Names that differ by a capital are one to Windows; the firm’s comes first."""
    law = house.folder("Juridique")
    make_folder(house.dune, law, "DEVIS", by=house.admin).visibility = "firm_only"
    make_folder(house.dune, law, "Devis", by=house.admin)
    db.session.commit()
    house.drop("a.pdf", "Juridique/DEVIS")
    house.drop("b.pdf", "Juridique/Devis")
    for who, names in (
        (house.manager, ["Devis/b.pdf"]),
        (house.staff, ["DEVIS/a.pdf", "Devis (2)/b.pdf"]),
    ):
        made = opened(of_folder(signed_in(app, who), house, "Juridique"))
        assert made.namelist() == names


def test_one_that_is_not_one_s_own_makes_all_of_it_not_found(
    app: Flask, world: World
) -> None:
    house = world.alder
    own = house.drop("a.pdf").document
    hidden = house.drop("b.pdf", "Cabinet").document
    other = house.drop("c.pdf", company=house.elm).document
    theirs = world.birch.drop("d.pdf").document
    dora = signed_in(app, house.manager)
    for strange in (hidden, other, theirs):
        assert ticked(dora, house, own, strange).status_code == 404
    assert ticked(signed_in(app, house.admin), house, own, other).status_code == 404
    bad = dora.post(
        f"/companies/{house.dune.slug}/documents/download", data={"id": "x"}
    )
    assert bad.status_code == 404
    assert ticked(dora, house).status_code == 422


def test_a_file_that_is_missing_is_named_and_the_rest_comes(
    app: Flask, house: House
) -> None:
    lost = house.drop("Perdue.pdf").document
    kept = house.drop("Gardée.pdf").document
    key = db.session.query(Version.storage_key).filter_by(document_id=lost.id).scalar()
    store().delete(str(key))
    made = opened(ticked(signed_in(app, house.manager), house, lost, kept))
    assert made.namelist() == ["Gardée.pdf", "LISEZ-MOI.txt"]
    assert "Perdue.pdf" in made.read("LISEZ-MOI.txt").decode("utf-8-sig")


class Breaking(io.BytesIO):
    """A store that goes away in the middle of a file."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= CHUNK:
            raise StorageUnavailable("gone")
        return super().read(size)


def test_a_file_that_is_cut_short_is_named_too() -> None:
    made = Zip()
    whole = Part("b.txt", utc_now(), 1, lambda: io.BytesIO(b"b"))
    cut = Part("a.txt", utc_now(), 3 * CHUNK, lambda: Breaking(b"a" * 3 * CHUNK))
    data = b"".join([*made.add(cut), *made.add(whole), *made.close()])
    assert made.missing == ["a.txt"]
    assert zipfile.ZipFile(io.BytesIO(data)).read("b.txt") == b"b"


def test_it_flows_chunk_by_chunk_and_begins_before_a_file_is_read() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1, /) -> bytes:
            self.given += size
            return b"x" * size

    source = Endless()
    made = Zip()
    flow = made.add(Part("a", utc_now(), 1, lambda: source))  # type: ignore[arg-type, return-value]
    assert next(flow).startswith(b"PK")
    assert source.given == 0
    for _chunk in range(50):
        assert len(next(flow)) <= CHUNK + 100  # no more is held than was just read


def test_too_much_at_once_is_refused_with_what_to_do(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "MOST_FILES", 1)
    documents = [house.drop("a.pdf").document, house.drop("b.pdf").document]
    dora = signed_in(app, house.manager)
    for answer in (ticked(dora, house, *documents), of_folder(dora, house, PURCHASES)):
        assert answer.status_code == 422
        assert "archive" in answer.text


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("facture.pdf", "facture.pdf"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("..", "_"),
        ("a\\b:c*d?.pdf", "a_b_c_d_.pdf"),
        ("CON.pdf", "_CON.pdf"),
        ("lpt1", "_lpt1"),
        ("Contrat.pdf", "Contrat.pdf"),
        ("fin. ", "fin"),
        ("é" * 255 + ".pdf", "é" * 98 + ".pdf"),
        ("a\r\nb", "a__b"),
    ],
)
def test_no_name_leaves_its_folder_or_stops_a_system(name: str, safe: str) -> None:
    assert harmless(name) == safe


def test_a_folder_and_a_file_of_one_name_do_not_meet() -> None:
    names = Names("LISEZ-MOI.txt")
    assert names.free("", "Achats") == "Achats"
    assert names.free("", "achats") == "achats (2)"
    assert names.free("Achats/", "a.pdf") == "Achats/a.pdf"
    assert names.free("", "lisez-moi.txt") == "lisez-moi (2).txt"


def test_names_that_look_like_ways_out_stay_inside(app: Flask, house: House) -> None:
    document = rename(house.drop("a.pdf").document, "../../../evil.pdf")
    made = opened(ticked(signed_in(app, house.manager), house, document))
    assert made.namelist() == [".._.._.._evil.pdf"]
