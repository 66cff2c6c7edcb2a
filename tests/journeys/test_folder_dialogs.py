"""Acts on a folder, from its page: a dialog with script, a page of its own without."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.conftest import Visit
from tests.journeys.looking import faults
from tests.journeys.visitors import Visitor, pdf

pytestmark = pytest.mark.journey


@pytest.fixture
def nadia(visit: Visit) -> Visitor:
    somebody = visit("nadia")
    somebody.open_a_folder_of_its_own("garage-roux")
    somebody.page.evaluate("window.isTheSame = true")
    return somebody


def dialog_of(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("dialog")


def choose(visitor: Visitor, act: str) -> None:
    """In the menu of the folder."""
    visitor.page.locator(".folder-menu summary").click()
    visitor.page.locator(".folder-menu").get_by_text(act, exact=True).click()


def test_a_folder_is_made_in_a_dialog_that_keeps_what_was_typed(nadia: Visitor) -> None:
    page, dialog = nadia.page, dialog_of(nadia)
    button = page.locator(".library-actions").get_by_role(
        "link", name="Nouveau dossier"
    )
    button.click()
    name = dialog.get_by_label("Nom")
    expect(name).to_be_focused()
    assert faults(page, "folder-new") == []

    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()

    button.click()
    name.fill(" . ")
    page.keyboard.press("Enter")
    expect(dialog.locator(".field-error")).to_be_visible()
    expect(name).to_have_value(" . ")
    expect(name).to_be_focused()
    assert faults(page, "folder-new-refused") == []
    assert page.evaluate("window.isTheSame") is True

    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    for told in (
        "Le dossier « Devis » est créé",
        "Ce nom était pris : le dossier « Devis (2) » est créé",
    ):
        here = page.url
        button.click()
        name.fill("Devis")
        page.keyboard.press("Enter")
        expect(page.locator("#messages")).to_contain_text(told.replace(" :", "\u00a0:"))
        page.goto(here)
    assert [one for one in nadia.complaints if "422" not in one] == []


def test_a_folder_is_renamed_moved_and_trashed_in_dialogs(nadia: Visitor) -> None:
    page, dialog = nadia.page, dialog_of(nadia)
    opener = page.locator(".folder-menu summary")

    choose(nadia, "Renommer")
    expect(dialog.get_by_label("Nom")).to_be_focused()
    expect(dialog.get_by_label("Nom")).to_have_value(re.compile("^Essai"))
    assert page.evaluate("String(getSelection())").startswith("Essai")
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    expect(page.locator(".folder-menu")).not_to_have_attribute("open", re.compile(""))
    choose(nadia, "Renommer")
    dialog.get_by_label("Nom").fill("Paie et charges")
    dialog.get_by_role("button", name="Renommer").click()
    expect(nadia.title).to_have_text("Paie et charges")

    choose(nadia, "Déplacer…")
    assert faults(page, "folder-move") == []
    dialog.get_by_role("radio", name="Juridique").check()
    dialog.get_by_role("button", name="Déplacer ici").click()
    expect(page.locator("#messages")).to_contain_text("« Paie et charges » est déplacé")

    choose(nadia, "Mettre à la corbeille")
    expect(dialog.get_by_role("link", name="Annuler")).to_be_focused()
    assert faults(page, "folder-trash") == []
    dialog.get_by_role("button", name="Mettre à la corbeille").click()
    expect(nadia.title).to_have_text("Juridique")
    assert nadia.complaints == []


def test_the_confirmation_of_a_move_takes_the_place_of_the_form(visit: Visit) -> None:
    claire = visit("claire")
    page, dialog = claire.page, dialog_of(claire)
    claire.open("dupont-maconnerie", "À classer")
    claire.open_a_folder_of_its_own("dupont-maconnerie")
    claire.drop(pdf("Bail.pdf"))
    expect(page.locator("tr[data-document]")).to_have_count(1)
    choose(claire, "Déplacer…")
    purchases = page.locator(".choice").filter(has=page.locator("text=Achats")).first
    page.locator(".choice-below > summary").first.click()
    page.locator(".choice-below > summary").nth(1).click()
    purchases.locator("input").check()
    dialog.get_by_role("button", name="Déplacer ici").click()
    expect(dialog.get_by_role("heading")).to_contain_text("sous « Achats »")
    assert faults(page, "folder-confirm") == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator(".folder-menu summary")).to_be_focused()
    assert claire.complaints == []


def test_a_client_makes_one_from_beside_the_tree(visit: Visit) -> None:
    karim = visit("karim")
    page, dialog = karim.page, dialog_of(karim)
    karim.open_a_folder_of_its_own("garage-roux")
    button = page.locator("#folders").get_by_role("link", name="Créer un dossier dans")
    button.click()
    expect(dialog.get_by_label("Nom")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    button.click()
    dialog.get_by_label("Nom").fill("Garanties")
    page.keyboard.press("Enter")
    expect(karim.title).to_have_text("Garanties")
    assert karim.complaints == []


@pytest.mark.parametrize("act", ["Renommer", "Déplacer…", "Mettre à la corbeille"])
def test_without_script_each_act_has_a_page(visit: Visit, act: str) -> None:
    nadia = visit("nadia", java_script_enabled=False)
    page = nadia.page
    page.goto(nadia.url("/companies/garage-roux"))
    page.locator("#tree a").filter(has_text="Administratif").click()
    choose(nadia, act)
    expect(page.locator("main form.card")).to_be_visible()
    page.get_by_role("link", name="Annuler").click()
    expect(nadia.title).to_have_text("Administratif")
