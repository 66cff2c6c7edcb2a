"""Filters saved and applied by keyboard, as they are at that moment."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.looking import violations

pytestmark = pytest.mark.journey


@pytest.mark.parametrize("width", [1440, 360])
def test_what_is_typed_now_is_what_is_saved(visit: Visit, width: int) -> None:
    name = f"Mes garages {width}"
    claire = visit("claire", viewport={"width": width, "height": 800})
    page = claire.page
    page.goto(claire.url("/"))
    page.locator("#desk-q").fill("dupont")
    expect(page).to_have_url(claire.url("/?show=all&q=dupont"))
    page.locator(".saved summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".saved-form [name=name]")).to_be_focused()
    assert violations(page, "light") == []
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    chip = page.locator(".saved .pill").filter(has_text=name)
    expect(chip).to_have_attribute("aria-current", "true")
    expect(page.locator("#desk-q")).to_have_value("dupont")
    page.locator("#desk-q").fill("")
    expect(chip).not_to_have_attribute("aria-current", "true")
    chip.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#desk-q")).to_have_value("dupont")
    page.goto(claire.url("/filters"))
    assert violations(page, "light") == []
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    page.get_by_role("button", name=f"Supprimer « {name} »").click()
    expect(page.get_by_role("button", name=f"Renommer « {name} »")).to_have_count(0)
    page.get_by_role("button", name="Annuler").click()
    expect(page.locator(".saved .pill").filter(has_text=name)).to_be_visible()
    assert claire.complaints == []
