"""Finding a company: the list, and the switcher of the top bar."""

import pytest
from flask import Flask

from app.companies.opening import open_company
from app.db import db
from tests.cast import Browser, World, signed_in

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def ada(app: Flask, world: World) -> Browser:
    for name, siren in (
        ("Hôtel de l’Œuvre", "732829320"),
        ("Boulangerie Kerval", "443061841"),
        ("100 % Bois", None),
    ):
        open_company(world.alder.firm, name, siren=siren)
    db.session.commit()
    return signed_in(app, world.alder.admin)


@pytest.mark.parametrize(
    ("q", "name"),
    [
        *(("hotel oeuvre", "Hôtel de l’Œuvre"), ("HÔTEL", "Hôtel de l’Œuvre")),
        *(("732 829", "Hôtel de l’Œuvre"), ("kerval boul", "Boulangerie Kerval")),
        *(("443061841", "Boulangerie Kerval"), ("100 %", "100 % Bois")),
        ("100", "100 % Bois"),
    ],
)
def test_a_company_is_found_by_words_or_siren_without_accents_or_case(
    ada: Browser, q: str, name: str
) -> None:
    for path, headers in (("/companies", {}), ("/companies/find", FRAGMENT)):
        page = ada.get(path, query_string={"q": q}, headers=headers).text
        assert name in page
        assert "Dune Alder" not in page


def test_a_percent_sign_stands_for_itself(ada: Browser) -> None:
    page = ada.get("/companies?q=%25").text
    assert "100 % Bois" in page
    assert "Kerval" not in page


def test_nothing_found_is_said(ada: Browser) -> None:
    page = ada.get("/companies", query_string={"q": "zzz"}).text
    assert "Aucune entreprise" in page or "No company is called so" in page


def test_the_switcher_leads_to_the_same_section_of_the_other_company(
    ada: Browser,
) -> None:
    for path, wanted in (
        ("/companies/dune-alder/trash", "/companies/elm-alder/trash"),
        ("/companies/dune-alder/settings", "/companies/elm-alder/settings"),
        ("/companies/dune-alder/folders/1", '/companies/elm-alder"'),
    ):
        url = f"http://alder.guichet.test{path}?x=1"
        headers = {**FRAGMENT, "HX-Current-URL": url}
        page = ada.get("/companies/find?q=elm", headers=headers).text
        assert wanted in page, path


def test_the_switcher_is_a_page_without_script(ada: Browser) -> None:
    answer = ada.get("/companies/find?q=elm")
    assert answer.location == "/companies?q=elm"
    page = ada.get("/companies/dune-alder/settings").text
    assert 'href="/companies"' in page


def test_staff_find_what_they_are_assigned_to_and_nothing_of_another_firm(
    app: Flask, world: World, ada: Browser
) -> None:
    ben = signed_in(app, world.alder.staff)
    for path in ("/companies", "/companies/find"):
        page = ben.get(path, headers=FRAGMENT).text
        assert "Dune Alder" in page
        assert "Elm Alder" not in page
        assert "Kerval" not in page
        assert "Birch" not in page
        assert "/companies/new" not in page


def test_clients_have_no_switcher(app: Flask, world: World) -> None:
    dora = signed_in(app, world.alder.manager)
    assert dora.get("/companies/find").status_code == 404
    assert "switcher" not in dora.get("/").text
