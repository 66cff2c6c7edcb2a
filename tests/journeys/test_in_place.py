"""Acts of a row by its menu: the page stays, the row changes, and nothing is lost of
where the hand was."""

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.conftest import Visit
from tests.journeys.looking import faults
from tests.journeys.visitors import Visitor, pdf

pytestmark = pytest.mark.journey


@pytest.fixture
def nadia(visit: Visit) -> Visitor:
    return visit("nadia")


def told(visitor: Visitor, text: str) -> None:
    expect(visitor.page.locator("#messages")).to_contain_text(text)


def choose(visitor: Visitor, row: Locator, act: str) -> None:
    row.locator("[data-acts]").click()
    visitor.page.locator("#row-menu").get_by_text(act, exact=True).click()


def test_a_row_is_renamed_refused_moved_and_trashed_without_leaving_the_page(
    nadia: Visitor,
) -> None:
    page = nadia.page
    nadia.open_a_folder_of_its_own("garage-roux")
    nadia.drop(*(pdf(f"Paie {number}.pdf") for number in range(1, 4)))
    rows = page.locator("tr[data-document]")
    expect(rows).to_have_count(3)
    page.evaluate("window.isTheSame = true")

    choose(nadia, rows.nth(0), "Renommer")
    dialog = page.locator("#dialogue dialog")
    dialog.get_by_label("Nom").fill(" ")
    dialog.get_by_role("button", name="Renommer").click()
    expect(dialog.locator(".field-error")).to_be_visible()
    assert faults(page, "the form of an act in a dialog") == []
    dialog.get_by_label("Nom").fill("Bulletin")
    dialog.get_by_role("button", name="Renommer").click()
    expect(dialog).to_have_count(0)
    expect(rows.nth(0)).to_contain_text("Bulletin.pdf")

    choose(nadia, rows.nth(0), "Refuser…")
    dialog.get_by_label("Pourquoi").fill("Illisible")
    dialog.get_by_role("button", name="Refuser").click()
    expect(rows.nth(0)).to_contain_text("Illisible")
    # The foot of the folders is lifted out from under the message.
    expect(page.locator("#folders")).to_have_css("padding-bottom", "84px")
    page.locator(".toast-undo button").last.click()
    told(nadia, "Le refus est annulé")
    expect(page.locator(".toast-undo")).to_have_count(0)
    expect(rows.nth(0)).not_to_contain_text("Illisible")

    choose(nadia, rows.nth(1), "Déplacer…")
    dialog.get_by_role("radio", name="Juridique").check()
    dialog.get_by_role("button", name="Déplacer ici").click()
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_be_focused()
    page.locator(".toast-undo button").last.click()
    expect(rows).to_have_count(3)

    choose(nadia, rows.nth(2), "Mettre à la corbeille")
    expect(rows).to_have_count(2)
    expect(page.locator("#folder-total")).to_contain_text("2 documents")
    page.locator(".toast-undo button").last.click()
    expect(rows).to_have_count(3)

    assert page.evaluate("window.isTheSame") is True
    assert [one for one in nadia.complaints if "422" not in one] == []


def test_a_dialog_that_is_given_up_gives_the_focus_back(nadia: Visitor) -> None:
    page = nadia.page
    nadia.open("garage-roux", "Administratif")
    nadia.drop(pdf("Bail.pdf"))
    row = nadia.row("Bail.pdf")
    row.focus()
    page.keyboard.press("F2")
    dialog = page.locator("#dialogue dialog")
    expect(dialog.get_by_label("Nom")).to_be_focused()
    dialog.get_by_text("Annuler").click()
    expect(dialog).to_have_count(0)
    expect(row).to_be_focused()
    assert nadia.complaints == []
