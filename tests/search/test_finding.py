"""Who finds what by which words."""

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app.db import db
from app.search import finding, showing
from tests.cast import House, signed_in
from tests.search.looking import names, suggested


@pytest.mark.parametrize(
    ("called", "asked"),
    [
        ("Relevé de l’Œuvre n° 12.pdf", "releve oeuvre"),
        ("Relevé de l'Œuvre n° 12.pdf", "RELEVÉ L’ŒUVRE"),
        ("releve\u0301 bancaire.pdf", "relevé"),
        ("Straße_2026-10.pdf", "strasse 2026"),
        ("Facture EDF.pdf", "fac ed"),
        ("Facture\u00a0EDF.pdf", "facture edf"),
        ("élec\u00adtricité.pdf", "electricite"),
        ("Facture (copie).pdf", "facture & (copie) | !pdf:*"),
        ("Facture 😀.pdf", "facture 😀"),
        ("Договор.pdf", "договор"),
    ],
)
def test_a_name_is_found_whatever_its_accents_and_signs(
    app: Flask, house: House, called: str, asked: str
) -> None:
    done = house.drop(called)
    house.drop("Autre chose.pdf")
    assert names(signed_in(app, house.manager), asked) == [done.document.name]


def test_every_word_has_to_be_there(app: Flask, house: House) -> None:
    house.drop("Facture EDF.pdf")
    ada = signed_in(app, house.admin)
    assert names(ada, "facture orange") == []
    assert names(ada, "acture") == []  # not its beginning


@pytest.mark.parametrize(
    "asked",
    [
        *("'", '"', "'; DROP TABLE documents; --", "a & | ! : * (", "\\", "%", "_"),
        *("😀", "\x00", "\ufffe", "<b>", "a:*b", "''':*", "é" * 10_000, "- - -"),
        *("x" * 10_000, "a " * 5_000, "\ud83d", "%s %(x)s {0}", "\u202e", "²½"),
    ],
)
def test_nothing_that_is_typed_is_a_fault(app: Flask, house: House, asked: str) -> None:
    house.drop("Facture.pdf")
    asked = asked.encode(errors="surrogatepass").decode(errors="replace")
    ada = signed_in(app, house.admin)
    assert isinstance(names(ada, asked), list)
    suggested(ada, asked)


def test_signs_alone_find_nothing_rather_than_everything(
    app: Flask, house: House
) -> None:
    house.drop("Facture.pdf")
    assert names(signed_in(app, house.admin), "!!! &") == []


def test_filters_narrow_what_is_found(app: Flask, house: House) -> None:
    house.switch("on")
    house.drop("Facture une.pdf")
    other = house.drop("Facture deux.pdf", "Administratif").document
    other.status, other.depositor_name = "validated", "Élodie Petit"
    db.session.commit()
    house.drop("Facture elm.pdf", company=house.elm)
    ada = signed_in(app, house.admin)
    assert names(ada, "facture", company=house.elm.slug) == ["Facture elm.pdf"]
    above = house.folder("Dossier comptable annuel").id
    assert names(ada, "facture", folder=above, company=house.dune.slug) == [
        "Facture une.pdf"
    ]
    assert names(ada, "facture", by="elodie") == ["Facture deux.pdf"]
    assert names(ada, "facture", status="validated") == ["Facture deux.pdf"]
    assert names(ada, "facture", status="to-waiting") == ["Facture une.pdf"]
    assert names(ada, "", status="validated") == ["Facture deux.pdf"]
    day = other.arrived_at.date().isoformat()
    assert len(names(ada, "facture", since="2020-01-01", until="2999-01-01")) == 3
    assert names(ada, "facture", until="2020-01-01") == []
    assert len(names(ada, "facture", since="x", until="99999-99-99")) == 3
    assert day


def test_more_than_a_page_comes_without_loss_nor_repeat(
    app: Flask, house: House
) -> None:
    for number in range(53):
        house.drop(f"Facture {number}.pdf", content=b"%PDF-1.4 " + bytes([number]))
    ada = signed_in(app, house.admin)
    first = ada.get("/search?q=facture").text
    soup = BeautifulSoup(first, "html.parser")
    more = soup.select_one(".search-more a")
    assert more
    assert "53 documents" in soup.text
    rest = BeautifulSoup(ada.get(str(more["href"])).text, "html.parser")
    ids = [
        r["data-document"]
        for r in (*soup.select("tr[data-document]"), *rest.select("tr[data-document]"))
    ]
    assert len(ids) == len(set(ids)) == 53


def test_a_name_is_shown_as_text_and_never_as_a_tag(app: Flask, house: House) -> None:
    house.drop("Facture <img src=x onerror=alert(1)> & Cie.pdf")
    ada = signed_in(app, house.admin)
    for page in (ada.get("/search?q=facture").text, suggested(ada, "facture")):
        assert "<img src=x" not in page
        assert "<mark>Facture</mark>" in page


@pytest.mark.parametrize("window", [1, 5, 500])
def test_the_same_is_found_however_few_are_looked_through_first(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch, window: int
) -> None:
    monkeypatch.setattr(finding, "WINDOW", window)
    monkeypatch.setattr(showing, "ROWS", 3)
    for number in range(8):
        what = "Facture" if number % 2 else "Contrat"
        house.drop(f"{what} {number}.pdf", content=b"%PDF-1.4 " + bytes([number]))
    house.drop("Facture cachée.pdf", "Cabinet")
    for who in (house.admin, house.staff, house.manager):
        browser = signed_in(app, who)
        hidden = [] if who is house.manager else ["Facture cachée.pdf"]
        wanted = [*hidden, "Facture 7.pdf", "Facture 5.pdf"]
        first = wanted + ["Facture 3.pdf"][: 3 - len(wanted)]
        assert names(browser, "facture") == first
        soup = BeautifulSoup(browser.get("/search?q=facture").text, "html.parser")
        more = soup.select_one(".search-more a")
        assert more
        rest = BeautifulSoup(browser.get(str(more["href"])).text, "html.parser")
        found = [str(a["title"]) for a in rest.select(".document-name")]
        assert first + found == [
            *hidden,
            *(f"Facture {number}.pdf" for number in (7, 5, 3, 1)),
        ]
        assert "contrat" not in soup.text.lower()


def test_the_total_says_when_it_is_a_part(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "WINDOW", 5)
    monkeypatch.setattr(showing, "ROWS", 2)
    for number in range(6):
        house.drop(f"Facture {number}.pdf", content=b"%PDF-1.4 " + bytes([number]))
    page = signed_in(app, house.admin).get("/search?q=facture").text
    total = BeautifulSoup(page, "html.parser").select_one("#search-total")
    assert total
    assert total.text.strip() in {"Plus de 5 documents", "More than 5 documents"}
