"""The addresses that documents are sent to: copied, tried, opened, replaced."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.looking import PHONE, faults

pytestmark = pytest.mark.journey

PAGE = "/companies/boulangerie-martin/automation"
COMPTA = "compta+boulangerie-martin@guichet.example"
BANK = "banque+boulangerie-martin@guichet.example"
# A message with one paper, through the way in that every door leads to.
MAIL = """
    from app.collection import jobs
    from app.collection.accepting import Envelope
    from app.mailroom.entrance import take_in
    from tests.collection.letters import letter
    raw = letter(("{name}.pdf", "application/pdf"), message_id="<{name}@x.test>")
    take_in(raw, Envelope("smtp", "x@supplier.test"), ["{to}"])
    jobs.read_waiting()
"""


# What this journey left to be checked is in nobody's way afterwards.
TIDY = """
    from app.collection.models import InboundMail
    from app.db import db
    left = db.session.query(InboundMail).filter_by(state="quarantined")
    left.filter_by(from_address="compta@supplier.test").update({"state": "ignored"})
    db.session.commit()
"""


def mail(house: House, to: str, name: str) -> None:
    house.python(MAIL.format(to=to, name=name))


def copied(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def mails(page: Page) -> Any:
    return page.locator("#last-mails li")


def test_an_address_is_copied_tried_opened_and_replaced(
    visit: Visit, house: House
) -> None:
    claire = visit("claire")
    page = claire.page
    claire.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(claire.url("/companies/boulangerie-martin"))
    page.get_by_role("link", name="Automatisation").click()

    # Copied, by the keyboard alone
    page.get_by_role("button", name=f"Copier l’adresse {COMPTA}").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#annonces")).to_have_text("Adresse copiée")
    assert copied(page) == COMPTA

    # Tried: a stranger who writes to the bank's address
    page.get_by_label("Adresse de l’expéditeur").fill("releves@inconnue.fr")
    page.get_by_label("Écrit à").select_option("Banque")
    page.get_by_role("button", name="Voir ce qui se passerait").click()
    expect(page.locator("#told")).to_contain_text("Attendrait dans les courriels")
    mail(house, BANK, "before")
    expect(mails(page).first).to_contain_text("À vérifier", timeout=15_000)

    # Opened to everybody
    page.get_by_role("link", name="Modifier l’adresse « Banque »").click()
    page.get_by_label("Ouverte à tous", exact=False).last.check()
    page.get_by_role("button", name="Enregistrer").first.click()
    expect(page.locator("#address-banque")).to_contain_text("Ouverte à tous")
    mail(house, BANK, "after")
    expect(mails(page).first).to_contain_text("Classé", timeout=15_000)
    expect(mails(page).first.get_by_role("link", name="after.pdf")).to_be_visible()

    # Replaced: the former one goes on for three months, and is marked
    page.get_by_role("link", name="Modifier l’adresse « Banque »").click()
    page.get_by_label("Nouvelle adresse").fill("garage-roux")
    page.get_by_role("button", name="Remplacer l’adresse").click()
    expect(page.get_by_role("alert")).to_contain_text("déjà pris")
    page.get_by_label("Nouvelle adresse").fill("martin-fournil")
    page.get_by_label(f"L’ancienne, {BANK}").select_option("continue 3 mois")
    page.get_by_role("button", name="Remplacer l’adresse").click()
    new = "banque+martin-fournil@guichet.example"
    expect(page.locator("#address-banque")).to_contain_text(new)
    former = page.get_by_role("region", name="Anciennes adresses")
    expect(former).to_contain_text(BANK)
    expect(former).to_contain_text("Reçoit jusqu’au")
    mail(house, BANK, "late")
    expect(mails(page).first).to_contain_text("ancienne adresse", timeout=15_000)
    expect(mails(page).first).to_contain_text("Classé")

    # A client has the new one
    sophie = visit("sophie")
    sophie.page.goto(sophie.url("/"))
    sophie.page.locator(".by-mail summary").click()
    expect(sophie.page.get_by_text(new)).to_be_visible()
    house.python(TIDY)
    assert [one for one in claire.complaints if "422" not in one] == []


def test_without_script_all_of_it_works_and_the_address_can_be_selected(
    visit: Visit,
) -> None:
    nadia = visit("nadia", java_script_enabled=False, viewport=PHONE)
    page = nadia.page
    page.goto(nadia.url("/companies/garage-roux/automation"))
    expect(page.get_by_text("ndf+garage-roux@guichet.example")).to_be_visible()
    expect(page.locator("[data-copy]").first).to_be_hidden()
    page.get_by_label("Adresse, ou @ et un domaine").fill("@pneus.example")
    page.get_by_role("button", name="Accepter", exact=True).click()
    page.get_by_label("Adresse de l’expéditeur").fill("x@pneus.example")
    page.get_by_label("Écrit à").select_option("Ventes")
    page.get_by_role("button", name="Voir ce qui se passerait").click()
    expect(page.locator("#told")).to_contain_text("Serait classé tout seul")
    page.get_by_role("button", name="Retirer @pneus.example").click()
    expect(page.get_by_text("@pneus.example", exact=True)).to_have_count(0)
    karim = visit("karim", java_script_enabled=False, viewport=PHONE)
    karim.page.goto(karim.url("/#by-mail"))
    expect(karim.page.get_by_text("ndf+garage-roux@guichet.example")).to_be_visible()


def test_what_was_refused_is_for_everybody_to_read(visit: Visit) -> None:
    """With the box of who means it."""
    nadia = visit("nadia")
    page = nadia.page
    page.goto(nadia.url("/companies/garage-roux/automation"))
    for pattern in ("@pneumatiques.example", "@pneumat1ques.example"):
        page.get_by_label("Adresse, ou @ et un domaine").fill(pattern)
        page.get_by_role("button", name="Accepter", exact=True).click()
    expect(page.get_by_label("C’est bien celui-là")).to_be_visible()
    assert faults(page, "address-wrong") == []


def test_a_family_is_added_for_every_company_and_taken_out_again(
    visit: Visit,
) -> None:
    nadia = visit("nadia")
    page = nadia.page
    page.goto(nadia.url("/companies"))
    page.get_by_role("link", name="Familles d’adresses").click()
    page.get_by_label("Mot dans l’adresse").fill("paie")
    form = page.locator("form").filter(has=page.get_by_label("Mot dans l’adresse"))
    form.get_by_label("Nom").fill("Paie")
    form.get_by_label("Mène à").select_option("Social")
    form.get_by_role("button", name="Ajouter la famille").click()
    expect(page.locator("summary").filter(has_text="paie")).to_have_count(1)
    page.goto(nadia.url("/companies/garage-roux/automation"))
    expect(page.locator("#address-paie")).to_contain_text("paie+garage-roux@")
    page.get_by_role("link", name="Familles du cabinet").click()
    page.locator("summary").filter(has_text="paie").click()
    page.get_by_role("link", name="Retirer…").click()
    expect(page.get_by_text(re.compile("1 entreprise a cette adresse"))).to_be_visible()
    page.get_by_role("button", name="Retirer la famille").click()
    page.get_by_role("link", name="Revenir à celles d’origine…").click()
    page.get_by_role("button", name="Revenir à celles d’origine").click()
    expect(page.locator("summary").filter(has_text="paie")).to_have_count(0)
    assert nadia.complaints == []
