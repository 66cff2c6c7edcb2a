"""A company from its form to its first document; going from one to another."""

import re

import pytest
from playwright.sync_api import expect

from tests.delivery.processes import wait_until
from tests.journeys.conftest import Visit
from tests.journeys.house import PATIENCE, House
from tests.journeys.looking import faults
from tests.journeys.visitors import Visitor, pdf

pytestmark = pytest.mark.journey

EMAIL = "zoe@hotel-oeuvre.example"
PASSWORD = "trois mots bien à moi"


def invitation(house: House) -> str:
    """The path of the link that Zoé was sent."""

    def letters() -> list[str]:
        return [one.text for one in house.mail.messages if one.recipient == EMAIL]

    wait_until(lambda: bool(letters()), PATIENCE)
    found = re.search(r"http://durand\.localhost\S*?(/welcome/\S+)", letters()[0])
    assert found, letters()
    return found[1]


def open_company(claire: Visitor) -> None:
    page = claire.page
    page.goto(claire.url("/companies"))
    page.get_by_role("link", name="Nouvelle entreprise").click()
    page.get_by_label("Nom", exact=True).fill("Hôtel de l’Œuvre")
    page.get_by_label("SIREN ou SIRET").fill("732 829 321")
    expect(page.get_by_label("Nom court")).to_have_value("hotel-de-l-oeuvre")
    page.get_by_label("Premier jour").fill("2026-04-01")
    page.get_by_label("Prénom et nom").fill("Zoé Brun")
    expect(page.get_by_label("Dernier jour")).to_have_value("2027-03-31")
    page.get_by_label("Adresse e-mail").fill(EMAIL)
    expect(page.get_by_label("Inviter")).to_be_checked()
    page.get_by_role("button", name="Ouvrir l’entreprise").click()
    expect(page.locator("#error-siren")).to_contain_text("n’est pas valide")
    expect(page.get_by_label("Prénom et nom")).to_have_value("Zoé Brun")
    page.get_by_label("SIREN ou SIRET").fill("356 000 000")
    page.get_by_role("button", name="Ouvrir l’entreprise").click()
    expect(claire.title).to_have_text("À classer")


def choose_password(zoe: Visitor, link: str) -> None:
    page = zoe.page
    page.goto(zoe.url(link))
    expect(page.get_by_role("heading", level=1)).to_have_text("Bonjour Zoé")
    assert faults(page, "welcome") == []
    page.get_by_label("Mot de passe").fill("court")
    page.get_by_label("Le même").fill("court")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#error-password")).to_contain_text("12 caractères")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_label("Le même").fill(PASSWORD)
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bonjour Zoé")
    expect(page).to_have_url(zoe.url("/"))


def test_a_company_is_opened_and_its_manager_comes_in_and_deposits(
    visit: Visit, house: House
) -> None:
    claire, zoe = visit("claire"), visit()
    open_company(claire)
    link = invitation(house)
    choose_password(zoe, link)
    achats = ("Dossier comptable annuel", "Exercice 2026-2027", "Achats")
    zoe.open("hotel-de-l-oeuvre", *achats)
    assert zoe.page.get_by_role("treeitem", name="Cabinet").count() == 0
    zoe.choose(pdf("Première facture.pdf"))
    expect(zoe.row("Première facture.pdf")).to_be_visible()
    assert [text for text in zoe.complaints if "422" not in text] == []

    zoe.page.goto(zoe.url(link))
    expect(zoe.page.get_by_role("alert")).to_contain_text("déjà servi")

    # Put away again: others count the companies of the firm.
    claire.page.goto(claire.url("/companies/hotel-de-l-oeuvre/settings"))
    claire.page.get_by_role("link", name="Archiver").click()
    claire.page.get_by_role("button", name="Archiver").click()
    expect(claire.page.get_by_role("button", name="Rouvrir")).to_be_visible()
    zoe.open("hotel-de-l-oeuvre", *achats)
    expect(zoe.row("Première facture.pdf")).to_be_visible()
    expect(
        zoe.page.locator("main").get_by_role("button", name="Déposer")
    ).to_have_count(0)


def test_another_company_is_reached_without_the_mouse(visit: Visit) -> None:
    claire = visit("claire")
    claire.open("dupont-maconnerie", "À classer")
    page = claire.page
    # A part that is under way when the page is left would be complained of.
    expect(page.locator("#firm-block.cab")).to_be_visible()
    page.locator("body").press("e")
    field = page.get_by_role("dialog").get_by_role("searchbox")
    expect(field).to_be_focused()
    page.keyboard.type("BOULÀN")
    expect(page.get_by_role("dialog")).to_contain_text("1 entreprise sur")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".switcher-list a")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-switcher]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(field).to_be_focused()
    page.keyboard.type("boulan")
    expect(page.locator(".switcher-list a")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/companies/boulangerie-martin/folders/"))
    expect(page.locator("#firm-block.cab")).to_be_visible()
    assert claire.complaints == []


def test_without_script_the_switcher_is_the_page_of_all(visit: Visit) -> None:
    claire = visit("claire", java_script_enabled=False)
    claire.page.goto(claire.url("/companies/dupont-maconnerie"))
    claire.page.get_by_title("Choisir une autre entreprise").click()
    claire.page.get_by_role("searchbox").fill("boulan")
    claire.page.get_by_role("button", name="Rechercher").click()
    lines = claire.page.locator(".company-line")
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("Boulangerie Martin")
