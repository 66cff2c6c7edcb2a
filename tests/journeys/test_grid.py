"""The grid of a folder: pictures, arrows, selection, the menu; on a phone too."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.looking import violations, wear
from tests.journeys.visitors import pdf

pytestmark = pytest.mark.journey
COMPANY = "dupont-maconnerie"


def test_a_grid_shows_first_pages_and_goes_by_arrows(visit: Visit) -> None:
    claire = visit("claire")
    page = claire.page
    claire.open(COMPANY, "Juridique")
    files = [pdf(f"grille{n}.pdf") for n in range(7)]
    claire.drop(*files)
    for file in files:
        expect(claire.result(file.name)).to_have_attribute("data-state", "ok")
    page.get_by_role("button", name="Grille", exact=True).click()
    rows = page.locator(".is-grid tr[data-document]")
    expect(rows.first).to_be_visible()
    picture = rows.first.locator(".thumb img")
    for _time in range(80):
        if picture.evaluate("(image) => image.naturalWidth"):
            break
        page.wait_for_timeout(500)
    assert picture.evaluate("(image) => image.naturalWidth") == 240
    assert violations(page, "light") == []
    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("x")
    expect(rows.nth(1)).to_have_class("document-row is-chosen")
    expect(page.locator("#together")).to_be_visible()
    top = rows.nth(1).bounding_box()
    page.keyboard.press("ArrowDown")
    below = page.locator("tr[data-document]:focus").bounding_box()
    assert top
    assert below
    assert below["y"] > top["y"]
    assert abs(below["x"] - top["x"]) < 2
    page.keyboard.press("Escape")
    rows.nth(0).locator(".row-more").click()
    expect(page.locator("#row-menu")).to_be_visible()
    page.keyboard.press("Escape")
    wear(page, "light", {"width": 360, "height": 780})  # the drawers do not slide away
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    first, second = (rows.nth(n).bounding_box() for n in (0, 1))
    assert first
    assert second
    assert first["y"] == second["y"]  # two beside each other
    assert violations(page, "light") == []
    page.get_by_role("button", name="Liste").click()
    expect(page.locator(".is-grid")).to_have_count(0)
    assert claire.complaints == []
