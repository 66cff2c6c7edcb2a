"""A page open since the morning: its token has aged, and nobody has to know."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.visitors import STALE, Visitor, pdf

pytestmark = pytest.mark.journey


@pytest.fixture
def claire(visit: Visit) -> Visitor:
    somebody = visit("claire")
    somebody.open_purchases("dupont-maconnerie")
    return somebody


def test_a_file_dropped_on_it_is_deposited(claire: Visitor) -> None:
    file = pdf("Page du matin.pdf")
    claire.page.evaluate(STALE)
    claire.drop(file)
    expect(claire.result(file.name)).to_have_attribute("data-state", "ok")
    expect(claire.row(file.name)).to_have_count(1)


def test_a_button_of_it_still_obeys(claire: Visitor) -> None:
    claire.page.evaluate(STALE)
    claire.page.get_by_role("button", name="Envoyer maintenant").click()
    message = claire.page.locator("#messages")
    expect(message).not_to_be_empty()
    expect(message).not_to_contain_text("trop longtemps")


def test_its_dialog_is_not_refused(claire: Visitor) -> None:
    switch = claire.page.get_by_role("switch", name="QuickBooks Dépenses Express")
    dialog = claire.page.get_by_role("dialog")
    for before, button in (("true", "Couper sans envoyer"), ("false", "Activer")):
        expect(switch).to_have_attribute("aria-checked", before)
        switch.click()
        expect(dialog).to_be_visible()
        claire.page.evaluate(STALE)
        dialog.get_by_role("button", name=button).click()
        expect(dialog).to_have_count(0)
    expect(switch).to_have_attribute("aria-checked", "true")


def test_without_script_it_says_what_to_do(visit: Visit) -> None:
    karim = visit("karim", java_script_enabled=False)
    karim.open("garage-roux", "Juridique")
    form = karim.page.locator("#deposit")
    form.locator("input[type=file]").set_input_files([pdf("Ancienne.pdf").chosen()])
    form.locator("[name=csrf_token]").evaluate("field => field.value = 'rassis'")
    form.get_by_role("button", name="Déposer").click()
    expect(karim.page.locator("main")).to_contain_text("Rien n’est perdu")
    karim.page.go_back()
    expect(karim.row("Ancienne.pdf")).to_have_count(0)


def test_it_does_nothing_in_the_name_of_who_signed_in_since_in_another_tab(
    claire: Visitor,
) -> None:
    page, file = claire.page, pdf("De la page de Claire.pdf")
    page.context.clear_cookies()
    claire.page = page.context.new_page()
    claire.sign_in("hugo@durand.example")
    claire.page.close()
    claire.page = page
    page.get_by_role("button", name="Envoyer maintenant").click()
    expect(page.locator("#messages")).to_contain_text("Quelqu’un d’autre")
    claire.drop(file)
    expect(page.locator("#deposit-results, main")).to_contain_text("Quelqu’un d’autre")
    page.reload()
    expect(claire.row(file.name)).to_have_count(0)
