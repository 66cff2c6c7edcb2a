"""What the firm's staff do once per client: find the tool, follow the steps, paste the
address, see that it works."""

import re
import textwrap

import pytest
from playwright.sync_api import Locator, expect

from app.seed import PASSWORD
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.visitors import YEAR, Visitor, pdf

pytestmark = pytest.mark.journey

A_TICK = 75_000  # a minute, and the run
DUPONT = "Dupont Maçonnerie"
SALES = ("Dossier comptable annuel", YEAR, "Ventes")
# A third company for Durand, as its next client.
ONE_MORE = textwrap.indent(
    """
from sqlalchemy import select
from app import seed
from app.companies.models import Company
from app.db import db
from app.firms.models import Firm
firm = db.session.scalars(select(Firm).where(Firm.slug == "durand")).one()
if not db.session.scalar(select(Company.id).where(Company.slug == "pharmacie-du-port")):
    seed._company(firm, "Pharmacie du Port", siren="552081317")
    db.session.commit()
""",
    "    ",
)


@pytest.fixture
def claire(visit: Visit) -> Visitor:
    return visit("claire")


def add(claire: Visitor, app: str) -> None:
    """From the store, unless a test before did."""
    page = claire.page
    page.goto(claire.url("/apps"))
    page.get_by_label("Rechercher une application").fill(app.lower())
    pencil = page.get_by_role("link", name=f"Configurer {app}")
    expect(page.locator(".store-card")).to_have_count(1)
    if not pencil.count():
        page.get_by_role("button", name=f"Ajouter {app}").click()
    pencil.click()
    expect(page.get_by_role("heading", name=app, level=1)).to_be_visible()


def row_of(claire: Visitor, company: str) -> Locator:
    return claire.page.locator("tbody.company").filter(
        has=claire.page.locator(".company-row", has_text=company)
    )


def save(claire: Visitor, company: str, *addresses: str) -> None:
    """The access, the addresses in their order, the password; and it is saved."""
    row, page = row_of(claire, company), claire.page
    row.get_by_role("switch").check()
    for number, address in enumerate(addresses):
        row.get_by_role("textbox").nth(number).fill(address)
    row.get_by_role("button", name="Enregistrer").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Votre mot de passe").fill(PASSWORD)
    dialog.get_by_role("button", name="Confirmer").click()
    expect(dialog).to_be_hidden()
    expect(row).to_contain_text("Enregistré")


def assert_no_complaint(somebody: Visitor) -> None:
    """But that an address was asked about before it was kept."""
    assert [one for one in somebody.complaints if "422" not in one] == []


def switch_on(claire: Visitor, name: str) -> None:
    page = claire.page
    page.get_by_role("switch", name=name).click()
    page.get_by_role("dialog").get_by_role("button", name="Activer").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    switch = page.get_by_role("switch", name=name)
    expect(switch).to_have_attribute("aria-checked", "true")


def send_now(claire: Visitor) -> None:
    """Or else the next run does, within the minute."""
    claire.page.get_by_role("button", name="Envoyer maintenant").click()


def test_inqom_is_connected_with_its_four_addresses(
    claire: Visitor, house: House
) -> None:
    add(claire, "Inqom")
    addresses = [
        f"{name}.dupont-maconnerie@inqombox.com"
        for name in ("achat", "vente", "ndf", "admin")
    ]
    save(claire, DUPONT, *addresses)
    row = row_of(claire, DUPONT)
    for number, address in enumerate(addresses):
        expect(row.get_by_role("textbox").nth(number)).to_have_value(address)
    expect(row).to_contain_text("En attente d’activation")

    claire.open("dupont-maconnerie", *SALES)
    switch_on(claire, "Inqom · Ventes")
    file = pdf("Facture client 2026-031.pdf")
    claire.choose(file)
    send_now(claire)
    expect(claire.status(file.name)).to_contain_text("Validé", timeout=A_TICK)
    (mail,) = house.sent_by("inqom+dupont-maconnerie@guichet.example")
    assert mail.recipient == "vente.dupont-maconnerie@inqombox.com"
    assert mail.content == file.content
    assert_no_complaint(claire)


def test_one_bot_of_the_firm_serves_three_companies_of_myunisoft(
    claire: Visitor, house: House
) -> None:
    house.python(ONE_MORE)
    add(claire, "MyUnisoft")
    companies = {
        DUPONT: "dupont",
        "Boulangerie Martin": "martin",
        "Pharmacie du Port": "pharmacie",
    }
    for company, name in companies.items():
        save(claire, company, f"{name}@myunisoft.example")
    bot = "myunisoft+durand@guichet.example"
    expect(claire.page.locator("#steps")).to_contain_text(bot)
    for slug, name in (
        ("dupont-maconnerie", "dupont"),
        ("boulangerie-martin", "martin"),
        ("pharmacie-du-port", "pharmacie"),
    ):
        claire.open(slug, "Dossier comptable annuel", YEAR, "Banque")
        switch_on(claire, "MyUnisoft")
        claire.choose(pdf(f"Facture {name}.pdf"))
        expect(claire.row(f"Facture {name}.pdf")).to_be_visible()
        send_now(claire)
        status = claire.status(f"Facture {name}.pdf")
        expect(status).to_contain_text("Validé", timeout=A_TICK)
    sent = {mail.recipient: mail.file_name for mail in house.sent_by(bot)}
    assert sent == {
        f"{name}@myunisoft.example": f"Facture {name}.pdf"
        for name in companies.values()
    }


def test_a_refused_address_says_why_and_is_corrected_with_one_click(
    claire: Visitor, house: House
) -> None:
    wrong = "dupont-maconnerie@jefacture.exemple.test"
    said = "550 5.1.1 unknown recipient"
    house.mail.unknown[wrong] = said
    add(claire, "JeFacture")
    save(claire, DUPONT, wrong)
    claire.open("dupont-maconnerie", "Administratif")
    switch_on(claire, "JeFacture")
    file = pdf("Contrat de location.pdf")
    claire.choose(file)
    send_now(claire)
    expect(claire.status(file.name)).to_contain_text("En attente", timeout=A_TICK)

    add(claire, "JeFacture")
    row = row_of(claire, DUPONT)
    expect(row).to_contain_text("Adresse refusée")
    expect(row).to_contain_text(said)
    row.get_by_role("link", name="Corriger").click()
    box = row.get_by_role("textbox")
    expect(box).to_be_focused()
    right = "dupont-maconnerie@jefacture.example"
    save(claire, DUPONT, right)
    expect(row).not_to_contain_text("Adresse refusée")

    claire.open("dupont-maconnerie", "Administratif")
    send_now(claire)
    expect(claire.status(file.name)).to_contain_text("Validé", timeout=A_TICK)
    (mail,) = house.sent_by("jefacture+dupont-maconnerie@guichet.example")
    assert mail.recipient == right


def test_an_application_of_the_firm_s_own_works_through_a_whole_run(
    claire: Visitor, house: House
) -> None:
    page = claire.page
    page.goto(claire.url("/apps"))
    page.get_by_role("link", name="Application personnalisée").click()
    page.get_by_label("Nom de l’outil").fill("Logiciel Étoile")
    page.get_by_role("button", name="Ajouter à mes applications").click()
    expect(page).not_to_have_url(re.compile("/new"))
    add(claire, "Logiciel Étoile")
    save(claire, "Boulangerie Martin", "pieces@etoile.example")
    claire.open("boulangerie-martin", "Social")
    switch_on(claire, "Logiciel Étoile")
    file = pdf("Bulletin de paie.pdf")
    claire.choose(file)
    send_now(claire)
    expect(claire.status(file.name)).to_contain_text("Validé", timeout=A_TICK)
    (mail,) = [m for m in house.mail.messages if m.recipient == "pieces@etoile.example"]
    assert mail.sender.endswith("+boulangerie-martin@guichet.example")
    assert mail.content == file.content
    assert_no_complaint(claire)
