"""A folder under a thumb: long states are told whole, and what can be done with a
document comes as a sheet from below."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.files import jpeg
from tests.journeys.conftest import Visit
from tests.journeys.looking import NARROWEST, PHONE, STICKING_OUT, violations, wear
from tests.journeys.visitors import File, pdf

pytestmark = pytest.mark.journey

# Texts of states that do not stand whole where they are.
CUT = """() => [...document.querySelectorAll("tr[data-document] .badge > span")]
  .filter((one) => !one.matches(".visually-hidden"))
  .filter((one) => one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.textContent)"""
LONGER = """() => document.querySelectorAll(".badge-long > span").forEach((one) => {
  one.textContent = "Refusé : 5.7.1 Votre adresse d’expéditeur n’est pas autorisée ici";
})"""


def bottom_of(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box
    return box["y"] + box["height"]


@pytest.mark.parametrize("width", [NARROWEST, PHONE["width"]])
def test_a_long_state_is_told_whole_beside_a_whole_name(
    visit: Visit, width: int
) -> None:
    claire = visit("claire")
    claire.open_busiest_month()
    page = claire.page
    page.set_viewport_size({"width": width, "height": PHONE["height"]})
    expect(page.locator(".badge-long")).not_to_have_count(0)
    for longer in (False, True):
        if longer:
            page.evaluate(LONGER)
        assert page.evaluate(CUT) == []
        assert page.evaluate(STICKING_OUT) == []
    name = claire.row("Facture Kiloutou").locator(".document-stem")
    assert name.evaluate("one => one.scrollWidth <= one.clientWidth + 1")
    more = claire.row("Facture Kiloutou").locator(".row-more")
    more.scroll_into_view_if_needed()
    page.wait_for_timeout(200)  # scrolling closes what is open
    more.click()
    expect(page.locator("#row-menu")).to_be_visible()


def open_menu(row: Locator) -> None:
    row.scroll_into_view_if_needed()
    row.page.wait_for_timeout(300)  # scrolling closes what is open
    row.locator(".row-more").click()


def test_the_sheet_of_a_refused_document_says_why_and_leads_on(visit: Visit) -> None:
    paul = visit("paul", has_touch=True)
    paul.open_busiest_month()
    page = paul.page
    wear(page, "light", PHONE)
    row, sheet = paul.row("Ticket BigMat"), page.locator("#row-menu")

    open_menu(row)
    expect(sheet.locator("[data-about]")).to_contain_text("Paul Dupont")
    expect(sheet).to_contain_text("Refusé par le cabinet")
    expect(sheet.locator("[data-reason]")).to_contain_text("Le montant est illisible")
    assert bottom_of(page, "#row-menu") == PHONE["height"]
    assert violations(page, "light") == []
    sheet.get_by_role("button", name="Fermer").click()
    expect(sheet).to_be_hidden()

    open_menu(paul.row("Facture Veolia"))
    expect(sheet).to_be_visible()
    expect(sheet.locator(".row-menu-refused")).to_be_hidden()
    page.keyboard.press("Escape")

    open_menu(row)
    sheet.get_by_role("link", name="Commenter").click()
    expect(page.get_by_label("Votre commentaire")).to_be_focused()
    page.go_back()

    open_menu(row)
    sheet.get_by_role("link", name="Reprendre").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Une nouvelle version")
    assert paul.complaints == []


def test_a_tap_beside_the_sheet_of_a_row_closes_it_and_nothing_else(
    visit: Visit,
) -> None:
    paul = visit("paul", has_touch=True)
    paul.open_busiest_month()
    page, here = paul.page, paul.page.url
    wear(page, "light", PHONE)
    below = paul.page.locator("tr[data-document]").first
    name = below.locator(".document-name").bounding_box()
    assert name
    open_menu(below)
    expect(page.locator("#row-menu")).to_be_visible()
    page.touchscreen.tap(name["x"] + 20, name["y"] + 8)
    expect(page.locator("#row-menu")).to_be_hidden()
    page.wait_for_timeout(700)
    assert page.url == here
    page.touchscreen.tap(name["x"] + 20, name["y"] + 8)  # the next one opens it
    expect(page).not_to_have_url(here)


@pytest.mark.parametrize("name", ["nadia", "karim"])
def test_the_menu_of_a_folder_is_a_sheet_that_a_tap_beside_closes(
    visit: Visit, name: str
) -> None:
    somebody = visit(name, has_touch=True)
    somebody.open_a_folder_of_its_own("garage-roux")
    somebody.drop(pdf("Bail.pdf"))
    page = somebody.page
    page.reload()
    wear(page, "light", PHONE)
    below = somebody.row("Bail.pdf").bounding_box()
    assert below
    page.locator(".folder-menu summary").click()
    assert bottom_of(page, ".folder-menu .menu-list") == PHONE["height"]
    assert violations(page, "light") == []
    page.touchscreen.tap(100, below["y"] + 20)
    expect(page.locator(".folder-menu .menu-list")).to_be_hidden()
    page.wait_for_timeout(500)
    page.locator(".folder-menu summary").click()  # what lay below was not opened
    page.locator(".folder-menu").get_by_role("link", name="Nouveau dossier").click()
    expect(page.get_by_role("dialog").get_by_label("Nom")).to_be_focused()
    assert somebody.complaints == []


def test_the_states_of_the_journal_are_told_whole_beside_their_lines(
    visit: Visit,
) -> None:
    page = (claire := visit("claire")).page
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(claire.url("/deliveries"))
    badges = page.locator(".journal-badge .badge")
    assert badges.count() > 5
    for badge in badges.all():
        text = badge.locator("span").first
        assert text.evaluate("one => one.scrollWidth <= one.clientWidth + 1")
        line = badge.locator("xpath=ancestor::tr")
        own, when = badge.bounding_box(), line.locator(".journal-when").bounding_box()
        assert own
        assert when
        is_below = own["y"] >= when["y"] + when["height"] - 1
        assert is_below or own["x"] >= when["x"] + when["width"] - 1


def test_a_scan_without_a_page_asks_for_one(visit: Visit) -> None:
    karim = visit("karim", has_touch=True)
    karim.page.goto(karim.url("/"))
    karim.page.locator(".quick-scan").first.click()
    karim.page.get_by_role("button", name="Déposer").last.click()
    expect(karim.page.get_by_label("Ajouter une page")).to_be_focused()
    photo = File("a.jpg", jpeg(), "image/jpeg").chosen()
    for _ in range(2):
        karim.page.get_by_label("Ajouter une page").set_input_files([photo])
    karim.page.get_by_role("button", name="Retirer la page 2").click()
    karim.page.get_by_role("button", name="Déposer").last.click()
    expect(karim.page).not_to_have_url(re.compile("/scan$"))
    assert karim.complaints == []


@pytest.mark.parametrize("width", [NARROWEST, 820])
def test_what_waits_is_read_before_the_companies(visit: Visit, width: int) -> None:
    page = (claire := visit("claire")).page
    page.goto(claire.url("/"))
    page.set_viewport_size({"width": width, "height": PHONE["height"]})
    assert bottom_of(page, ".kept") < bottom_of(page, ".desk-tools")
    assert bottom_of(page, "#desk-lines") < bottom_of(page, ".feed")
    assert page.evaluate(STICKING_OUT) == []
