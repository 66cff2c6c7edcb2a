"""Every page, in both brands, both lights and two sizes: readable by everybody, nothing
wider than a phone, nothing for the browser to complain of."""

from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.looking import faults
from tests.journeys.visitors import YEAR, File, Visitor, pdf

pytestmark = pytest.mark.journey

Way = Callable[[Visitor], None]
YEARLY = ("Dossier comptable annuel", YEAR)


def at(path: str) -> Way:
    def go(somebody: Visitor) -> None:
        somebody.page.goto(somebody.url(path))

    return go


def folder(company: str, *names: str) -> Way:
    def go(somebody: Visitor) -> None:
        somebody.open(company, *names)
        if somebody.page.locator("#firm-block").count():
            expect(somebody.page.locator("#firm-block.cab")).to_be_visible()

    return go


def busiest_month(somebody: Visitor) -> None:
    somebody.open_busiest_month()


def document(company: str, name: str) -> Way:
    def go(somebody: Visitor) -> None:
        somebody.open(company, "À classer")
        somebody.row(name).locator(".document-name").click()
        expect(somebody.page.get_by_role("heading", level=1)).to_contain_text(name)

    return go


def act_on(opened: Way, act: str) -> Way:
    """The page of an act that the document's page leads to."""

    def go(somebody: Visitor) -> None:
        opened(somebody)
        somebody.page.locator("#acts summary").click()
        somebody.page.locator(f'#acts a[href*="/{act}"]').click()
        expect(somebody.page.locator("main form")).to_be_visible()

    return go


def scan(somebody: Visitor) -> None:
    """Where a paper is photographed page by page."""
    somebody.page.goto(somebody.url("/"))
    somebody.page.locator(".quick-scan").first.click()
    expect(somebody.page.locator("#scan")).to_be_visible()


def sent_document(somebody: Visitor) -> None:
    """With the proof of its sending."""
    busiest_month(somebody)
    somebody.row("Facture Orange Pro.pdf").locator(".document-name").click()
    expect(somebody.page.get_by_role("heading", level=1)).to_contain_text("Orange")


def act(name: str) -> Way:
    """A form about the refused ticket of the demonstration."""

    def go(somebody: Visitor) -> None:
        busiest_month(somebody)
        url = (
            somebody.row("Ticket BigMat")
            .locator(".document-name")
            .get_attribute("href")
        )
        somebody.page.goto(somebody.url(f"{url}/{name}"))

    return go


def chosen(somebody: Visitor) -> None:
    """Two rows, and the bar of what to do with them."""
    busiest_month(somebody)
    for row in range(2):
        box = somebody.page.locator("input[name=id]").nth(row)
        if box.is_visible():  # a phone has the menu of each row
            box.check()


def many_to_move(somebody: Visitor) -> None:
    busiest_month(somebody)
    somebody.page.evaluate("document.querySelector('input[name=id]').click()")
    somebody.page.evaluate("document.querySelector('#together [value=move]').click()")
    dialog = somebody.page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Déplacer 1 document")


def confirmation(somebody: Visitor) -> None:
    somebody.open("dupont-maconnerie", *YEARLY, "Ventes")
    somebody.page.get_by_role("switch", name="QuickBooks").click()
    expect(somebody.page.get_by_role("dialog")).to_be_visible()


def typing(somebody: Visitor) -> None:
    """With what is proposed meanwhile."""
    somebody.page.goto(somebody.url("/"))
    somebody.page.keyboard.press("/")
    somebody.page.keyboard.type("facture")
    expect(somebody.page.get_by_role("option").first).to_be_visible()


def opened_mail(somebody: Visitor) -> None:
    """The page that a phone shows once a mail is tapped."""
    somebody.page.goto(somebody.url("/quarantine"))
    somebody.page.locator("[data-mail]").last.click()
    expect(somebody.page.locator("#quarantine")).to_have_attribute("data-view", "mail")


def setting_aside(somebody: Visitor) -> None:
    opened_mail(somebody)
    somebody.page.keyboard.press("x")
    expect(somebody.page.get_by_role("dialog")).to_be_visible()


def tray(somebody: Visitor) -> None:
    """A deposit that came, one that was renamed, two that were refused."""
    somebody.open("garage-roux", "Administratif")
    big = File("Scan complet du garage.pdf", b"%PDF-1.4\n" + b"x" * 2_100_000)
    somebody.drop(pdf("Assurance.pdf"), pdf("Assurance.pdf"), big, File("V.pdf", b""))
    expect(somebody.page.locator("#depots [data-state=ok]")).to_have_count(2)
    expect(somebody.page.locator("tr[data-document]").nth(1)).to_be_visible()


def switcher(somebody: Visitor) -> None:
    somebody.open("dupont-maconnerie", "À classer")
    somebody.page.locator("[data-switcher]").click()
    expect(somebody.page.locator(".switcher-list a")).not_to_have_count(0)


def import_lines(somebody: Visitor) -> None:
    """What would be made of a file: one company, one that is there, one mistake."""
    somebody.page.goto(somebody.url("/companies/import"))
    lines = b"nom;siren\nPharmacie du Port;\nGarage Roux;\nZed;123456789\n"
    file = File("Entreprises.csv", lines, "text/csv")
    somebody.page.locator("main input[type=file]").set_input_files([file.chosen()])
    somebody.page.get_by_role("button", name="Voir ce qui serait créé").click()
    expect(somebody.page.locator(".import-lines tbody tr")).to_have_count(3)


def template(somebody: Visitor) -> None:
    """Of the firm's own, open at one of its folders; made by whoever comes first."""
    page = somebody.page
    page.goto(somebody.url("/settings/templates"))
    if not page.get_by_role("link", name="Garages").count():
        page.get_by_role("textbox", name="Nom").fill("Garages")
        page.get_by_role("button", name="Créer le modèle").click()
        expect(page.locator("main")).to_contain_text("Garages")
        page.goto(somebody.url("/settings/templates"))
    page.get_by_role("link", name="Garages").click()
    page.locator("summary").filter(has_text="Achats").click()


def template_applied(somebody: Visitor) -> None:
    template(somebody)
    somebody.page.get_by_role("link", name="Appliquer aux entreprises").click()
    expect(somebody.page.get_by_role("heading", level=1)).to_contain_text("Appliquer")


def grid(somebody: Visitor) -> None:
    """For this person from now on."""
    busiest_month(somebody)
    somebody.page.get_by_role("button", name="Grille").click()
    expect(somebody.page.locator(".is-grid")).to_be_visible()


def filters(somebody: Visitor) -> None:
    """One saved from the search, and where it is looked after."""
    somebody.page.goto(somebody.url("/search?q=facture"))
    somebody.page.locator(".saved summary").click()
    somebody.page.locator(".saved-form [name=name]").fill("Factures")
    somebody.page.locator(".saved-form button").click()
    expect(somebody.page.locator(".saved .pill")).to_be_visible()
    somebody.page.goto(somebody.url("/filters"))


def families(somebody: Visitor) -> None:
    """With one open to be changed."""
    somebody.page.goto(somebody.url("/settings/families"))
    somebody.page.locator("summary").filter(has_text="ventes").click()
    expect(somebody.page.get_by_role("link", name="Retirer…")).to_be_visible()


def by_mail(somebody: Visitor) -> None:
    """The first page of a client, with the addresses."""
    somebody.page.goto(somebody.url("/"))
    somebody.page.locator(".by-mail summary").click()
    expect(somebody.page.locator(".by-mail .mono").first).to_be_visible()


DUPONT = "/companies/dupont-maconnerie"
PAGES: dict[str, tuple[str | None, str, Way]] = {
    "login-durand": (None, "durand", at("/login")),
    "login-lefevre": (None, "lefevre", at("/login")),
    "forgotten-durand": (None, "durand", at("/password")),
    "forgotten-lefevre": (None, "lefevre", at("/password")),
    "dashboard-durand": ("claire", "", at("/")),
    "dashboard-lefevre": ("nadia", "", at("/")),
    "companies": ("claire", "", at("/companies")),
    "company-new": ("claire", "", at("/companies/new")),
    "company-settings": ("claire", "", at("/companies/dupont-maconnerie/settings")),
    "addresses": ("claire", "", at(f"{DUPONT}/automation?sender=x@y.fr&family=banque")),
    "address": ("claire", "", at(f"{DUPONT}/automation/addresses/compta")),
    "families": ("claire", "", families),
    "family-remove": ("nadia", "", at("/settings/families/remove?prefix=banque")),
    "company-switcher": ("claire", "", switcher),
    "companies-import": ("claire", "", at("/companies/import")),
    "companies-import-lines": ("nadia", "", import_lines),
    "templates": ("nadia", "", at("/settings/templates")),
    "template": ("nadia", "", template),
    "template-apply": ("nadia", "", template_applied),
    "welcome-closed": (None, "durand", at("/welcome/nothing")),
    "ged-firm-durand": ("claire", "", busiest_month),
    "ged-firm-lefevre": ("nadia", "", folder("garage-roux", "À classer")),
    "ged-firm-empty": ("nadia", "", folder("garage-roux", "Social")),
    "ged-client-empty": ("karim", "", folder("garage-roux", "Social")),
    "ged-client-durand": ("paul", "", busiest_month),
    "ged-client-lefevre": ("karim", "", tray),
    "document-firm": ("claire", "", sent_document),
    "document-client-durand": ("paul", "", sent_document),
    "document-client-lefevre": ("karim", "", document("garage-roux", "pneus")),
    "refuse": ("claire", "", act("refuse")),
    "describe": ("claire", "", act("describe")),
    "comments": ("paul", "", act("comments")),
    "chosen": ("claire", "", chosen),
    "many-to-move": ("claire", "", many_to_move),
    "pages-firm": ("nadia", "", act_on(document("garage-roux", "pneus"), "edit")),
    "pages-client": ("karim", "", act_on(document("garage-roux", "pneus"), "edit")),
    "merge": ("claire", "", act_on(sent_document, "merge")),
    "scan": ("karim", "", scan),
    "apps": ("claire", "", at("/apps")),
    "apps-empty": ("nadia", "", at("/apps")),
    "panel": ("claire", "", at("/apps/quickbooks")),
    "panel-settings": ("claire", "", at("/apps/quickbooks/settings")),
    "panel-history": ("claire", "", at("/apps/quickbooks/history")),
    "import": ("claire", "", at("/apps/quickbooks/import")),
    "own-app": ("claire", "", at("/apps/new")),
    "connections": ("claire", "", at("/apps/connections")),
    "mailbox": ("claire", "", at("/apps/mail")),
    "mails": ("claire", "", at("/quarantine")),
    "mails-open": ("claire", "", opened_mail),
    "mails-lefevre": ("nadia", "", at("/quarantine")),
    "mails-discard": ("claire", "", setting_aside),
    "mails-console": ("operator", "", at("/console/mail")),
    "journal": ("claire", "", at("/deliveries")),
    "journal-empty": ("nadia", "", at("/deliveries")),
    "confirm": ("claire", "", confirmation),
    "home-durand": ("paul", "", at("/")),
    "home-by-mail": ("karim", "", by_mail),
    "home-lefevre": ("karim", "", at("/")),
    "search": ("claire", "", at("/search?q=facture")),
    "search-client": ("paul", "", at("/search?q=facture")),
    "search-empty": ("karim", "", at("/search?q=zzz&status=validated")),
    "search-typing": ("claire", "", typing),
    "filters": ("hugo", "", filters),
    "notices": ("lea", "", at("/settings/notices")),
    "grid-firm": ("hugo", "", grid),
    "grid-client": ("lea", "", grid),
    "archives": ("karim", "", at("/companies/garage-roux/archives")),
    "missing-firm": ("claire", "", at("/nulle-part")),
    "missing-client": ("karim", "", at("/apps")),
    "missing-document": ("karim", "", at(f"/documents/{UUID(int=1)}")),
    "missing-stranger": (None, "durand", at("/nulle-part")),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everybody(visit: Visit, name: str) -> None:
    who, portal, way = PAGES[name]
    somebody = visit(who, **({"portal": portal} if portal else {}))
    way(somebody)
    assert faults(somebody.page, name) == []
    complaints = [one for one in somebody.complaints if "404" not in one]
    assert complaints == []


def test_the_results_without_the_script_are_for_everybody(visit: Visit) -> None:
    somebody = visit("karim")
    somebody.page.route("**/js/deposit*", lambda script: script.fulfill(body=""))
    somebody.open("garage-roux", "Administratif")
    form = somebody.page.locator("#deposit")
    files = [pdf("Attestation.pdf").chosen(), File("Vide.pdf", b"").chosen()]
    form.locator("input[type=file]").set_input_files(files)
    form.evaluate("form => form.submit()")
    expect(somebody.page.locator("h1")).to_have_text("Résultat du dépôt")
    assert faults(somebody.page, "results") == []
