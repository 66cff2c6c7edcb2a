"""Scripts refused or broken: plain forms do the same work, page after page."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.visitors import File, Visitor, pdf

pytestmark = pytest.mark.journey


@pytest.fixture
def karim(visit: Visit) -> Visitor:
    somebody = visit("karim", java_script_enabled=False)
    somebody.open("garage-roux", "Juridique")
    return somebody


def send(visitor: Visitor, *files: File) -> None:
    visitor.page.locator("#deposit input[type=file]").set_input_files(
        [file.chosen() for file in files]
    )
    visitor.page.locator("#deposit").get_by_role("button", name="Déposer").click()


def test_files_are_deposited_and_the_folder_comes_back(karim: Visitor) -> None:
    files = [pdf("Statuts (2019).pdf"), pdf("Kbis d’été.pdf")]
    send(karim, *files)
    expect(karim.title).to_have_text("Juridique")
    expect(karim.page.locator("#messages")).to_contain_text(
        "2 documents déposés dans Juridique"
    )
    for file in files:
        expect(karim.status(file.name)).to_contain_text("Reçu")


def test_a_refused_file_is_told_beside_the_one_that_came(karim: Visitor) -> None:
    send(karim, File("Rien dedans.pdf", b""), pdf("Bail.pdf"))
    heading = karim.page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Résultat du dépôt")
    lines = karim.page.locator(".deposit-results li")
    expect(lines.filter(has_text="Rien dedans.pdf")).to_contain_text(
        re.compile(r"Refusé\s: le fichier est vide")
    )
    expect(lines.filter(has_text="Bail.pdf")).to_contain_text("Déposé")
    karim.page.get_by_role("link", name="Revenir à Juridique").click()
    expect(karim.row("Bail.pdf")).to_have_count(1)


def test_sending_the_form_twice_makes_one_document(karim: Visitor) -> None:
    form = karim.page.locator("#deposit")
    form.locator("input[type=file]").set_input_files([pdf("Double.pdf").chosen()])
    form.get_by_role("button", name="Déposer").dblclick()
    expect(karim.row("Double.pdf")).to_have_count(1)
    karim.page.reload()
    expect(karim.row("Double")).to_have_count(1)


def test_the_switch_is_confirmed_on_a_page_of_its_own(visit: Visit) -> None:
    claire = visit("claire", java_script_enabled=False)
    claire.open("dupont-maconnerie", "Juridique")
    claire.page.get_by_role("link", name="Applications de ce dossier").click()
    switch = claire.page.get_by_role("switch", name="QuickBooks Dépenses Express")
    for before, button in (("false", "Activer"), ("true", "Couper")):
        expect(switch).to_have_attribute("aria-checked", before)
        switch.click()
        claire.page.get_by_role("button", name=button).click()
        claire.page.get_by_role("link", name="Applications de ce dossier").click()
    expect(switch).to_have_attribute("aria-checked", "false")


def test_several_are_put_in_the_trash_and_come_back(visit: Visit) -> None:
    nadia = visit("nadia", java_script_enabled=False)
    nadia.open("garage-roux", "Social")
    send(nadia, pdf("Contrat A.pdf"), pdf("Contrat B.pdf"), pdf("Contrat C.pdf"))
    for name in ("Contrat A.pdf", "Contrat C.pdf"):
        nadia.row(name).get_by_role("checkbox").check()
    nadia.page.locator("#together").get_by_role("button", name="Corbeille").click()
    expect(nadia.row("Contrat A.pdf")).to_have_count(0)
    expect(nadia.row("Contrat B.pdf")).to_have_count(1)
    nadia.page.get_by_role("button", name="Annuler").click()
    expect(nadia.row("Contrat A.pdf")).to_have_count(1)
    nadia.row("Contrat B.pdf").get_by_role("checkbox").check()
    nadia.page.locator("#together").get_by_role("button", name="Déplacer").click()
    nadia.page.get_by_role("radio", name="Administratif", exact=True).check()
    nadia.page.get_by_role("button", name="Déplacer ici").click()
    expect(nadia.row("Contrat B.pdf")).to_have_count(0)
