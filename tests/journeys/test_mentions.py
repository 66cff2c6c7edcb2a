"""Calling somebody to a comment by keyboard; they find it on their first page."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.looking import violations
from tests.journeys.visitors import Visitor, pdf

pytestmark = pytest.mark.journey
COMPANY = "dupont-maconnerie"


def deposited(somebody: Visitor, name: str) -> None:
    somebody.open(COMPANY, "Juridique")
    somebody.drop(pdf(name))
    expect(somebody.result(name)).to_have_attribute("data-state", "ok")
    somebody.row(name).locator(".document-name").first.click()
    expect(somebody.page.get_by_role("heading", level=1)).to_contain_text(name)


@pytest.mark.parametrize("size", [(1440, 900), (360, 780)])
def test_somebody_is_called_by_keyboard_and_finds_it_on_their_first_page(
    visit: Visit, size: tuple[int, int]
) -> None:
    name = f"appel{size[0]}.pdf"
    narrow = {"width": size[0], "height": size[1]}
    claire = visit("claire")
    deposited(claire, name)
    claire.page.set_viewport_size(narrow)  # type: ignore[arg-type]
    field = claire.page.get_by_label("Votre commentaire")
    options = claire.page.locator(".readers [role=option]")
    field.press_sequentially("Bonjour @pau")
    expect(claire.page.locator(".readers")).to_be_hidden()  # for the firm only
    claire.page.get_by_label("Qui peut le lire").select_option("shared")
    field.fill("")
    field.press_sequentially("Bonjour @")
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert violations(claire.page, "light") == []
    field.press_sequentially("pau")
    expect(options).to_have_count(1)
    field.press("Enter")
    expect(field).to_have_value("Bonjour @Paul Dupont ")
    expect(claire.page.locator(".readers")).to_be_hidden()
    field.press_sequentially("@")
    expect(options.first).to_be_visible()
    field.press("Escape")
    expect(claire.page.locator(".readers")).to_be_hidden()
    field.press("Backspace")
    claire.page.locator("#comment-send").click()
    expect(claire.page.locator(".mention")).to_have_text("@Paul Dupont")
    assert claire.complaints == []
    paul = visit("paul", viewport=narrow)
    paul.page.goto(paul.url("/"))
    call = paul.page.locator(".call").filter(has_text=name)
    assert violations(paul.page, "light") == []
    call.click()
    expect(paul.page.locator(".mention")).to_have_text("@Paul Dupont")
    paul.page.goto(paul.url("/"))
    expect(call).to_have_count(0)
    assert paul.complaints == []
