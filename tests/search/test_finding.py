"""Who finds what by which words."""

from collections.abc import Iterator
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select, update

from app import apart
from app.companies.models import Company
from app.db import db
from app.library.copying import copy_document
from app.library.models import Document
from app.library.moving import move_document
from app.library.receiving import receive
from app.library.renaming import rename_document
from app.library.replacing import replace
from app.library.trashing import (
    restore_document,
    restore_folder,
    trash_document,
    trash_folder,
)
from app.people.models import Membership, Person
from app.search import finding, reading, showing
from app.search.catching_up import catch_up, rebuild
from app.search.models import SearchEntry
from app.seed import one_page_pdf
from tests.cast import Browser, House, World, signed_in


@pytest.fixture
def house(world: World) -> House:
    return world.alder


def names(browser: Browser, q: str, **more: Any) -> list[str]:
    """Of the documents that the page shows."""
    answer = browser.get("/search", query_string={"q": q, **more})
    assert answer.status_code == 200, answer.text
    soup = BeautifulSoup(answer.text, "html.parser")
    return [str(a["title"]) for a in soup.select("tr[data-document] .document-name")]


def suggested(browser: Browser, q: str, **more: Any) -> str:
    answer = browser.get(
        "/search/suggestions",
        query_string={"q": q, **more},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200
    text: str = answer.text
    return text


def read_all() -> None:
    """What the worker does after the deposits."""
    catch_up()


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


def test_what_happens_while_a_text_is_read_is_not_written_over(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = house.drop("Premier.pdf").document

    def renamed_meanwhile(_key: str) -> str:
        rename_document(document, "Second.pdf", by=house.admin)
        db.session.commit()
        return "cerise"

    monkeypatch.setattr(reading, "_text_layer", renamed_meanwhile)
    reading.read_text(str(document.id))
    ada = signed_in(app, house.admin)
    assert names(ada, "second cerise") == ["Second.pdf"]

    def replaced_meanwhile(_key: str) -> str:
        db.session.execute(update(SearchEntry).values(read_sha256=None))
        replace(document, receive([one_page_pdf("prune")], "x.pdf"), by=house.admin)
        db.session.commit()
        return "cerise"

    db.session.execute(update(SearchEntry).values(read_sha256=None))
    db.session.commit()
    monkeypatch.setattr(reading, "_text_layer", replaced_meanwhile)
    reading.read_text(str(document.id))
    assert names(ada, "cerise") == []


def test_what_no_column_can_hold_is_taken_out_of_a_text() -> None:
    dirty = "Fac\x00ture \ud83d élec\x02\r\ntricité\fpage e\u0301te\u0301"
    assert reading.cleaned(dirty) == "Facture électricité page été"


def test_the_entry_follows_every_act(app: Flask, house: House) -> None:
    ada = signed_in(app, house.admin)
    document = house.drop("Premier.pdf", content=one_page_pdf("cerise")).document
    reading.read_text(str(document.id))
    rename_document(document, "Second.pdf", by=house.admin)
    db.session.commit()
    assert names(ada, "premier") == []
    assert names(ada, "second cerise") == ["Second.pdf"]

    copy_document(document, house.folder("Administratif"), by=house.admin)
    db.session.commit()
    read_all()
    assert names(ada, "cerise") == ["Second.pdf", "Second.pdf"]

    replace(document, receive([one_page_pdf("prune")], "x.pdf"), by=house.admin)
    db.session.commit()
    assert len(names(ada, "cerise")) == 1
    read_all()
    assert names(ada, "prune") == ["Second.pdf"]

    trash_document(document, by=house.admin)
    db.session.commit()
    assert names(ada, "prune") == []
    restore_document(document, by=house.admin)
    db.session.commit()
    assert names(ada, "prune") == ["Second.pdf"]


def test_a_name_that_is_taken_back_is_not_found(app: Flask, house: House) -> None:
    document = house.drop("Premier.pdf").document
    rename_document(document, "Second.pdf", by=house.admin)
    db.session.rollback()
    assert names(signed_in(app, house.admin), "second") == []


def test_a_move_into_a_folder_of_the_firm_hides_at_once(
    app: Flask, house: House
) -> None:
    document = house.drop("Facture.pdf").document
    dora = signed_in(app, house.manager)
    assert names(dora, "facture") == ["Facture.pdf"]
    move_document(document, house.folder("Cabinet"), by=house.admin)
    db.session.commit()
    assert names(dora, "facture") == []
    assert "Facture" not in suggested(dora, "facture")
    house.folder("Administratif").visibility = "firm_only"
    db.session.commit()
    assert names(signed_in(app, house.admin), "facture") == ["Facture.pdf"]


def test_a_folder_in_the_trash_takes_its_documents_along(
    app: Flask, house: House
) -> None:
    folder = house.folder("Administratif")
    house.drop("Contrat.pdf", "Administratif")
    ada = signed_in(app, house.admin)
    trash_folder(folder, by=house.admin)
    db.session.commit()
    assert names(ada, "contrat") == []
    assert f"/folders/{folder.id}" not in suggested(ada, "administratif")
    restore_folder(folder, by=house.admin)
    db.session.commit()
    assert names(ada, "contrat") == ["Contrat.pdf"]


@pytest.fixture
def everywhere(world: World) -> World:
    """A document of one word in every kind of place there is."""
    for house in (world.alder, world.birch):
        year = "Dossier comptable annuel/Exercice 2026"
        for name, path in (
            ("Mystère achats", f"{year}/Achats"),
            ("Mystère banque", f"{year}/Banque"),
            ("Mystère social", "Social"),
            ("Mystère cabinet", "Cabinet"),
            ("Mystère corbeille", "Administratif"),
        ):
            done = house.drop(f"{name} {house.firm.slug}.pdf", path)
        trash_document(done.document, by=house.admin)
        house.drop(f"Mystère elm {house.firm.slug}.pdf", company=house.elm)
    db.session.commit()
    return world


SEEN = {
    "admin": {"achats", "banque", "social", "cabinet", "elm"},
    "staff": {"achats", "banque", "social", "cabinet"},
    "manager": {"achats", "banque", "social"},
    "user": {"achats"},
    "other_client": {"elm"},
}


@pytest.mark.parametrize("who", SEEN)
def test_hits_counts_and_suggestions_hold_to_what_a_person_may_see(
    app: Flask, everywhere: World, who: str
) -> None:
    browser = signed_in(app, getattr(everywhere.alder, who))
    expected = {f"Mystère {word} alder.pdf" for word in SEEN[who]}
    assert set(names(browser, "mystere")) == expected
    page = BeautifulSoup(browser.get("/search?q=mystere").text, "html.parser")
    total = page.select_one("#search-total")
    assert total
    assert total.text.split()[0] == str(len(expected))
    proposed = BeautifulSoup(suggested(browser, "mystere"), "html.parser")
    found = proposed.select(".find-option .find-name")
    assert {name.text.strip() for name in found} == expected
    assert not {"birch", "corbeille"} & set(page.text.lower().split())


def test_folders_and_companies_are_proposed_to_those_who_may_enter(
    app: Flask, house: House
) -> None:
    admin, staff = signed_in(app, house.admin), signed_in(app, house.staff)
    client, user = signed_in(app, house.manager), signed_in(app, house.user)
    elm = f'href="/companies/{house.elm.slug}"'
    assert elm in suggested(admin, "elm")
    assert elm not in suggested(staff, "elm")
    assert elm not in suggested(client, "elm")
    assert f"/folders/{house.folder('Cabinet').id}" in suggested(admin, "cabinet")
    assert "/folders/" not in suggested(client, "cabinet")
    assert "/folders/" in suggested(client, "social")
    assert "/folders/" not in suggested(user, "social")


def test_a_company_or_a_folder_that_one_may_not_enter_is_no_filter(
    app: Flask, house: House
) -> None:
    client, user = signed_in(app, house.manager), signed_in(app, house.user)
    staff = signed_in(app, house.staff)
    assert client.get(f"/search?q=a&company={house.elm.slug}").status_code == 404
    assert staff.get(f"/search?q=a&company={house.elm.slug}").status_code == 404
    social = house.folder("Social").id
    assert client.get(f"/search?q=a&folder={social}").status_code == 200
    assert user.get(f"/search?q=a&folder={social}").status_code == 404


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


def test_a_client_cannot_ask_for_what_the_firm_knows(app: Flask, house: House) -> None:
    house.switch("on")
    house.drop("Facture une.pdf")
    house.drop("Facture deux.pdf", "Administratif")
    dora = signed_in(app, house.manager)
    assert len(names(dora, "facture", status="to-waiting")) == 2
    assert "to-waiting" not in dora.get("/search?q=facture").text


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


def test_everything_is_indexed_anew_on_demand(app: Flask, house: House) -> None:
    house.drop("Facture.pdf", content=one_page_pdf("cerise"))
    db.session.query(SearchEntry).delete()
    db.session.commit()
    ada = signed_in(app, house.admin)
    assert names(ada, "facture") == []
    answer = app.test_cli_runner().invoke(args=["search", "rebuild"])
    assert answer.exit_code == 0, answer.output
    assert names(ada, "facture cerise") == ["Facture.pdf"]
    assert rebuild() == 1
    assert names(ada, "facture cerise") == ["Facture.pdf"]


def test_a_document_has_an_entry_from_its_first_moment(house: House) -> None:
    house.drop()
    entries: Iterator[SearchEntry] = iter(db.session.scalars(select(SearchEntry)))
    documents = db.session.scalars(select(Document.id)).all()
    assert [entry.document_id for entry in entries] == list(documents)


def test_staff_of_many_companies_find_in_theirs_only(app: Flask, house: House) -> None:
    ben: Person = house.staff
    for number in range(60):
        company = Company(
            firm_id=house.firm.id, name=f"C{number}", slug=f"c{number}", mail_domain="m"
        )
        db.session.add(company)
        db.session.flush()
        db.session.add(
            Membership(
                firm_id=house.firm.id,
                person_id=ben.id,
                company_id=company.id,
                role="staff",
            )
        )
    house.drop("Facture dune.pdf")
    house.drop("Facture elm.pdf", company=house.elm)
    assert names(signed_in(app, ben), "facture") == ["Facture dune.pdf"]


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


def test_one_firm_s_words_are_met_by_no_search_of_another(world: World) -> None:
    """In the index itself, so that «facture» costs by one's own documents."""
    world.alder.drop("Facture.pdf")
    world.birch.drop("Facture.pdf")
    bodies = db.session.scalars(select(SearchEntry.body)).all()
    first, second = (set(body.split()) for body in bodies)
    assert not first & second
