"""Coming in and going out, with the browser's own buttons."""

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Visit
from tests.journeys.visitors import Visitor

pytestmark = pytest.mark.journey


def sign_out(visitor: Visitor) -> None:
    leave(visitor.page)
    expect(visitor.page).to_have_url(visitor.url("/login"))


def leave(page: Page) -> None:
    page.locator("summary").filter(has_text="Compte de").click()
    page.get_by_role("button", name="Se déconnecter").click()


def test_a_wrong_password_is_told_and_the_address_kept(visit: Visit) -> None:
    stranger = visit()
    page = stranger.page
    page.goto(stranger.url("/apps"))
    page.get_by_label("Adresse e-mail").fill("claire@durand.example")
    page.get_by_label("Mot de passe").fill("pas le bon")
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("alert")).to_have_text("Adresse ou mot de passe incorrect.")
    expect(page.get_by_label("Adresse e-mail")).to_have_value("claire@durand.example")
    expect(page.get_by_label("Mot de passe")).to_have_value("")
    page.get_by_label("Mot de passe").fill("demo-guichet-2026")
    page.keyboard.press("Enter")
    expect(page).to_have_url(stranger.url("/apps"))  # where they wanted to go


def test_a_person_of_another_firm_is_a_stranger_here(visit: Visit) -> None:
    nadia = visit(None)
    nadia.page.goto(nadia.url("/login"))
    nadia.page.get_by_label("Adresse e-mail").fill("nadia@lefevre.example")
    nadia.page.get_by_label("Mot de passe").fill("demo-guichet-2026")
    nadia.page.get_by_role("button", name="Se connecter").click()
    expect(nadia.page.get_by_role("alert")).to_contain_text("incorrect")


@pytest.mark.parametrize("name", ["hugo", "paul"])
def test_after_signing_out_the_back_button_shows_nothing(
    visit: Visit, name: str
) -> None:
    somebody = visit()
    somebody.sign_in(
        {"hugo": "hugo@durand.example", "paul": "paul@dupont-maconnerie.example"}[name]
    )
    somebody.open("dupont-maconnerie", "À classer")
    expect(somebody.row("Scan du courrier.pdf")).to_be_visible()
    sign_out(somebody)
    somebody.page.go_back()
    expect(somebody.page.get_by_label("Mot de passe")).to_be_visible()
    assert "Scan du courrier" not in somebody.page.content()


def test_signed_out_in_one_tab_the_other_is_led_to_the_door(visit: Visit) -> None:
    lea = visit()
    lea.sign_in("lea@dupont-maconnerie.example")
    lea.open("dupont-maconnerie", "À classer")
    other = lea.context.new_page()
    other.goto(lea.url("/"))
    leave(other)
    # A page looks at once when it is looked at.
    lea.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(lea.page.get_by_label("Mot de passe")).to_be_visible()
    lea.page.get_by_label("Adresse e-mail").fill("lea@dupont-maconnerie.example")
    lea.page.get_by_label("Mot de passe").fill("demo-guichet-2026")
    lea.page.keyboard.press("Enter")
    expect(lea.title).to_have_text("À classer")


def test_a_password_can_be_looked_at_before_it_is_sent(visit: Visit) -> None:
    stranger = visit()
    page = stranger.page
    page.goto(stranger.url("/login"))
    field = page.get_by_label("Mot de passe")
    field.fill("demo-guichet-2026")
    eye = page.get_by_role("button", name="Montrer ce qui est tapé")
    eye.click()
    expect(field).to_have_attribute("type", "text")
    expect(eye).to_have_attribute("aria-pressed", "true")
    expect(field).to_be_focused()
    eye.click()
    expect(field).to_have_attribute("type", "password")
    eye.click()
    page.get_by_label("Adresse e-mail").fill("claire@durand.example")
    page.get_by_role("button", name="Se connecter").click()
    expect(page).to_have_url(stranger.url("/"))
    assert stranger.complaints == []
