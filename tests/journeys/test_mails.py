"""The mails to check: three of them, settled by the firm without a mouse."""

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.conftest import Visit
from tests.journeys.visitors import Visitor

pytestmark = pytest.mark.journey


@pytest.fixture
def claire(visit: Visit) -> Visitor:
    somebody = visit("claire")
    somebody.page.goto(somebody.url("/quarantine"))
    return somebody


def rows(visitor: Visitor) -> Locator:
    return visitor.page.locator(".mails-row")


def press(visitor: Visitor, *keys: str) -> None:
    for key in keys:
        visitor.page.keyboard.press(key)


def opened(visitor: Visitor) -> Locator:
    return visitor.page.locator("#mail-title")


def test_the_three_mails_are_settled_by_keyboard_alone(claire: Visitor) -> None:
    page = claire.page
    expect(page.locator("#mails-title")).to_have_text("3 courriels à vérifier")
    expect(page.locator("#mails-count .count")).to_have_text("3")
    expect(opened(claire)).to_have_text("Votre facture FO-20877")
    picture = page.locator("#preview img").first
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 1000)

    press(claire, "j", "j")  # the second waits for the first
    press(claire, "k")
    expect(opened(claire)).to_have_text("Fwd: Fwd: tickets chantier")
    expect(opened(claire)).to_be_focused()
    expect(page.locator(".settle-leaves")).to_contain_text("les 6 fichiers partiront")
    page.locator(".part input").first.focus()
    press(claire, "Space")
    expect(page.locator(".settle-leaves")).to_contain_text("les 5 fichiers partiront")
    expect(page.locator(".settle-file")).to_have_text("Classer les 5 documents")

    press(claire, "k")
    expect(opened(claire)).to_have_text("Votre facture FO-20877")
    always = page.locator("[name=always]")
    expect(always).to_be_checked()
    press(claire, "a")
    expect(always).not_to_be_checked()
    press(claire, "a", "c")
    expect(page.locator("#messages")).to_contain_text("2 documents classés")
    expect(page.locator("#mails-title")).to_have_text("2 courriels à vérifier")
    expect(page.locator("#mails-count .count")).to_have_text("2")
    expect(opened(claire)).to_have_text("Fwd: Fwd: tickets chantier")

    press(claire, "j")
    expect(opened(claire)).to_have_text("URGENT facture impayée")
    expect(opened(claire)).to_be_focused()  # once its scripts are at work
    press(claire, "x")
    dialog = page.get_by_role("dialog", name="Écarter ce courriel")
    expect(dialog).to_be_visible()
    press(claire, "Escape")
    expect(dialog).to_have_count(0)
    press(claire, "x")
    expect(dialog.get_by_role("button", name="Annuler")).to_be_focused()
    press(claire, "Tab", "Enter")
    expect(rows(claire)).to_have_count(1)
    expect(page.locator("#mails-title")).to_have_text("1 courriel à vérifier")

    # Brought back, from among those that were set aside.
    page.get_by_role("link", name="Voir le courriel écarté").focus()
    press(claire, "Enter")
    expect(opened(claire)).to_have_text("URGENT facture impayée")
    press(claire, "c")
    expect(page.locator("#mails-title")).to_have_text("2 courriels à vérifier")
    assert claire.complaints == []


def test_the_sender_is_accepted_from_then_on(claire: Visitor) -> None:
    """After the journey above: the supplier's next mail needs nobody."""
    claire.house.python("""
        from app.collection.models import AcceptedSender
        from app.db import db
        rows = db.session.query(AcceptedSender).all()
        assert "@fournitures-ouest.example" in [row.pattern for row in rows], rows
    """)


def test_a_mail_is_filed_without_script(visit: Visit) -> None:
    claire = visit("claire", java_script_enabled=False)
    page = claire.page
    page.goto(claire.url("/quarantine"))
    page.get_by_role("link", name="paul.dupont44@boite.example").click()
    page.get_by_label("Entreprise", exact=True).select_option("boulangerie-martin")
    page.get_by_role("button", name="Voir ses dossiers").click()
    expect(page.get_by_label("Dossier")).to_contain_text("À classer")
    page.get_by_role("button", name="Mettre dans À classer").click()
    expect(page.locator("#messages")).to_contain_text("6 documents classés")
