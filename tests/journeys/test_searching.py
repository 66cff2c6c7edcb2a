"""Looking for a document by keyboard, and taking several of them along."""

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.visitors import File, Visitor
from tests.papers import one_page_pdf

pytestmark = pytest.mark.journey


def found(somebody: Visitor, words: str, count: int) -> None:
    """The page of the search, once the worker has read what was deposited."""
    for _time in range(120):
        somebody.page.goto(somebody.url(f"/search?q={words}"))
        if somebody.page.locator("tr[data-document]").count() == count:
            return
        somebody.page.wait_for_timeout(500)
    raise AssertionError(f"{words} is not found {count} times")


def deposit(somebody: Visitor, *files: File) -> None:
    somebody.open("dupont-maconnerie", "Juridique")
    somebody.drop(*files)
    expect(somebody.page.locator("#depots [data-state=ok]")).to_have_count(len(files))


def test_a_slash_finds_an_invoice_by_its_text_and_enter_opens_it(visit: Visit) -> None:
    claire = visit("claire")
    text = one_page_pdf("Échafaudage loué à l'été")
    deposit(claire, File("scan0042.pdf", text))
    found(claire, "echafaudage", 1)
    claire.open_purchases("dupont-maconnerie")
    claire.page.keyboard.press("/")
    field = claire.page.get_by_role("combobox", name="Rechercher")
    expect(field).to_be_focused()
    field.press_sequentially("echaf ete")
    option = claire.page.get_by_role("option", name="scan0042")
    expect(option).to_have_attribute("aria-selected", "true")
    claire.page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "false")
    claire.page.keyboard.press("ArrowUp")
    claire.page.keyboard.press("Enter")
    expect(claire.page.get_by_role("heading", level=1)).to_contain_text("scan0042")
    assert claire.complaints == []


def test_escape_leaves_the_field_and_enter_without_a_choice_asks_for_all(
    visit: Visit,
) -> None:
    claire = visit("claire")
    claire.page.goto(claire.url("/"))
    claire.page.keyboard.press("/")
    claire.page.keyboard.type("facture")
    options = claire.page.get_by_role("option")
    expect(options.first).to_be_visible()
    claire.page.keyboard.press("Escape")
    expect(options.first).to_be_hidden()
    claire.page.keyboard.press("Enter")
    claire.page.wait_for_url("**/search?q=facture")
    expect(claire.page.locator("tr[data-document]").first).to_be_visible()


def test_what_was_ticked_comes_as_one_file(visit: Visit, tmp_path: Path) -> None:
    paul = visit("paul")
    content = one_page_pdf("Quittance signée")
    deposit(paul, File("Quittance.pdf", content), File("Quittance annexe.pdf", content))
    found(paul, "quittance", 2)
    for tick in paul.page.locator(".hit-check input").all():
        tick.check()
    with paul.page.expect_download() as coming:
        paul.page.get_by_role("button", name="Télécharger la sélection").click()
    coming.value.save_as(tmp_path / "a.zip")
    made = zipfile.ZipFile(tmp_path / "a.zip")
    assert sorted(made.namelist()) == ["Quittance annexe.pdf", "Quittance.pdf"]
    assert made.read("Quittance.pdf") == content
    assert paul.complaints == []


def test_on_a_phone_the_search_is_one_tap_away(visit: Visit) -> None:
    paul = visit("paul", viewport={"width": 390, "height": 844}, has_touch=True)
    paul.page.goto(paul.url("/"))
    paul.page.get_by_role("link", name="Rechercher").tap()
    paul.page.get_by_role("searchbox").fill("facture")
    expect(paul.page.locator("tr[data-document]").first).to_be_visible()
