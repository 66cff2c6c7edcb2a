"""The folder page without a mouse: letters for the rows, arrows for the tree."""

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.conftest import Visit
from tests.journeys.visitors import Visitor, pdf

pytestmark = pytest.mark.journey


@pytest.fixture
def claire(visit: Visit) -> Visitor:
    somebody = visit("claire")
    somebody.open_purchases("dupont-maconnerie")
    return somebody


@pytest.fixture
def rows(claire: Visitor) -> Locator:
    """Of the month's folder, where the demonstration has its documents."""
    claire.open_busiest_month()
    return claire.page.locator("tr[data-document]")


def press(visitor: Visitor, *keys: str) -> None:
    for key in keys:
        visitor.page.keyboard.press(key)


def test_j_and_k_walk_the_rows_and_enter_opens_one(
    claire: Visitor, rows: Locator
) -> None:
    press(claire, "j")
    expect(rows.nth(0)).to_be_focused()
    press(claire, "j", "j", "k")
    expect(rows.nth(1)).to_be_focused()
    name = rows.nth(1).locator(".document-name").get_attribute("title") or "?"
    press(claire, "Enter")
    expect(claire.page.get_by_role("heading", level=1)).to_contain_text(name)


def test_d_opens_the_chooser_but_not_from_a_field(claire: Visitor) -> None:
    with claire.page.expect_file_chooser():
        press(claire, "d")
    claire.page.goto(claire.url("/apps/quickbooks"))
    field = claire.page.get_by_role("searchbox")
    field.press_sequentially("dupont")
    expect(field).to_have_value("dupont")
    assert len(claire.choosers) == 1


def test_who_leaves_the_search_or_the_switcher_is_where_they_were(
    claire: Visitor, rows: Locator
) -> None:
    press(claire, "j", "j", "/")
    expect(claire.page.get_by_role("combobox")).to_be_focused()
    press(claire, "Escape")
    expect(rows.nth(1)).to_be_focused()
    press(claire, "e")
    dialog = claire.page.locator("dialog.switcher")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    press(claire, "Escape")
    expect(rows.nth(1)).to_be_focused()


def test_arrows_walk_the_tree_and_open_its_branches(claire: Visitor) -> None:
    tree = claire.page.get_by_role("tree")
    here = tree.locator("[aria-current]")
    here.focus()
    expect(here).to_have_attribute("aria-expanded", "true")
    press(claire, "ArrowRight")  # into it
    expect(claire.page.locator(":focus")).to_have_attribute("aria-level", "4")
    press(claire, "ArrowLeft", "ArrowLeft")  # back, and shut
    expect(here).to_be_focused()
    expect(here).to_have_attribute("aria-expanded", "false")
    press(claire, "ArrowDown", "ArrowRight")  # the next one is asked of the server
    focused = claire.page.locator(":focus")
    expect(focused).to_contain_text("Ventes")
    expect(focused).to_have_attribute("aria-expanded", "true")
    expect(tree.locator('[aria-level="4"]')).to_have_count(24)  # of both families
    press(claire, "ArrowDown")
    expect(focused).to_have_attribute("aria-level", "4")
    press(claire, "Home")
    expect(focused).to_contain_text("À classer")
    press(claire, "Enter")
    expect(claire.title).to_have_text("À classer")
    assert claire.complaints == []


def test_escape_leaves_the_dialog_as_it_was(claire: Visitor) -> None:
    switch = claire.page.get_by_role("switch", name="QuickBooks Dépenses Express")
    before = switch.get_attribute("aria-checked")
    switch.focus()
    press(claire, "Enter")
    expect(claire.page.get_by_role("dialog")).to_be_visible()
    press(claire, "Escape")
    expect(claire.page.get_by_role("dialog")).to_have_count(0)
    expect(switch).to_be_focused()
    assert switch.get_attribute("aria-checked") == before


def test_the_way_to_the_documents_skips_the_rest(claire: Visitor) -> None:
    claire.page.reload()
    press(claire, "Tab")
    expect(claire.page.locator(":focus")).to_have_text("Aller aux documents")
    press(claire, "Enter")
    expect(claire.page.locator("#documents-table")).to_be_focused()


def test_the_keys_are_listed_and_single_letters_can_be_switched_off(
    visit: Visit,
) -> None:
    claire = visit("claire")
    claire.open_purchases("dupont-maconnerie")
    press(claire, "?")
    listed = claire.page.get_by_role("dialog", name="Raccourcis")
    expect(listed).to_be_visible()
    beside = listed.get_by_text("le volet de droite")
    expect(listed.get_by_text("une autre entreprise")).to_be_visible()
    expect(listed.get_by_text("rechercher")).to_be_visible()
    claire.page.set_viewport_size({"width": 1200, "height": 900})
    expect(beside).to_be_visible()
    claire.page.set_viewport_size({"width": 1440, "height": 900})
    expect(beside).not_to_be_visible()  # where it is no drawer
    press(claire, "Escape")
    expect(listed).not_to_be_visible()

    claire.page.locator(".person-menu summary").click()
    claire.page.get_by_role("button", name="Sans raccourcis").click()
    claire.open_purchases("dupont-maconnerie")
    press(claire, "?", "j")
    expect(listed).not_to_be_visible()
    expect(claire.page.locator("tr[data-document]:focus")).to_have_count(0)


def test_the_tree_is_filtered_walked_and_whole_again(claire: Visitor) -> None:
    nodes = claire.page.get_by_role("tree").get_by_role("treeitem")
    whole = nodes.count()
    field = claire.page.get_by_role("searchbox", name="Filtrer les dossiers")
    field.press_sequentially("juridi")
    expect(nodes).to_have_count(1)
    press(claire, "Escape")
    expect(field).to_have_value("")
    expect(nodes).to_have_count(whole)
    field.press_sequentially("zzz")
    expect(claire.page.get_by_text("Aucun dossier ne porte ce nom.")).to_be_visible()
    field.fill("juridi")
    expect(nodes).to_have_count(1)
    press(claire, "ArrowDown")
    expect(nodes).to_be_focused()
    press(claire, "Enter")
    title = claire.page.get_by_role("heading", level=1)
    expect(title).to_have_text("Juridique")


def test_who_cancels_a_deposit_keeps_their_place(visit: Visit) -> None:
    karim = visit("karim")
    karim.open_a_folder_of_its_own("garage-roux")
    page = karim.page
    page.route("**/documents", lambda _route: None)  # it goes on and on
    karim.drop(pdf("Un.pdf"), pdf("Deux.pdf"))
    for name in ("Un", "Deux"):
        row = karim.result(f"{name}.pdf")
        row.get_by_role("button", name="Annuler").focus()
        press(karim, "Enter")
        expect(row).to_have_attribute("data-state", "cancelled")
        expect(page.locator("#depots button:focus")).to_have_count(1)
    page.get_by_role("button", name="Tout effacer").focus()
    press(karim, "Enter")
    expect(page.locator("[data-deposit-open]:focus")).to_have_count(1)
