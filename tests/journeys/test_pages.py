"""A scan is looked at, page by page, and cut into the documents that it holds."""

import re

import pypdfium2
import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.looking import faults
from tests.journeys.visitors import File
from tests.pages.bad_files import pdf_of
from tests.pages.test_scanning import photo

pytestmark = pytest.mark.journey
PICTURES = ".viewer-page img"


@pytest.mark.parametrize("phone", [False, True])
def test_a_scan_is_seen_and_split_and_both_parts_appear(
    visit: Visit, phone: bool
) -> None:
    karim = visit("karim")
    folder = "Juridique" if phone else "Social"
    karim.open("garage-roux", folder)
    karim.drop(File("Scan.pdf", pdf_of("Un", "Deux", "Trois")))
    expect(karim.row("Scan.pdf")).to_be_visible()
    karim.row("Scan.pdf").locator(".document-name").click()
    page = karim.page
    if phone:
        page.set_viewport_size({"width": 390, "height": 844})
    # The pictures come by themselves, and the page stops asking for them.
    expect(page.locator(PICTURES)).to_have_count(3, timeout=30_000)
    expect(page.locator("[id^=viewer-poll]")).to_have_count(0)
    first = page.locator(PICTURES).first
    expect(first).to_have_js_property("naturalWidth", 1000)
    page.get_by_role("button", name="Agrandir").click()
    expect(page.locator("#viewer")).to_have_attribute("data-zoom", "125")
    page.get_by_role("button", name="Ajuster à la largeur").click()
    expect(page.locator("#viewer")).to_have_attribute("data-zoom", "100")
    assert faults(page, "viewer") == []
    page.locator("#acts summary").click()
    page.get_by_role("link", name="Découper en plusieurs documents…").click()
    page.get_by_label("Couper après la page 1").check()
    expect(page.locator(".sheet-parts")).to_have_text("Donne 2 documents")
    assert faults(page, "split") == []
    page.get_by_role("button", name="Découper").click()
    expect(karim.title).to_have_text(folder)
    expect(karim.row("Scan – partie 1.pdf")).to_be_visible()
    expect(karim.row("Scan – partie 2.pdf")).to_be_visible()
    expect(
        karim.row("Scan.pdf").filter(has_text=re.compile("^Scan.pdf"))
    ).to_have_count(0)
    assert karim.complaints == []


def test_the_keyboard_goes_through_the_documents_of_a_folder(visit: Visit) -> None:
    nadia = visit("nadia")
    nadia.open("garage-roux", "Administratif")
    nadia.drop(File("Un.pdf", pdf_of("Un")), File("Deux.pdf", pdf_of("Deux")))
    expect(nadia.row("Un.pdf")).to_be_visible()
    expect(nadia.row("Deux.pdf")).to_be_visible()
    rows = nadia.page.locator("tr[data-document] .document-name")
    names = [rows.nth(0).get_attribute("title"), rows.nth(1).get_attribute("title")]
    rows.nth(0).click()
    heading = nadia.page.get_by_role("heading", level=1)
    expect(heading).to_have_text(names[0] or "")
    for key, name in (("j", names[1]), ("k", names[0]), ("ArrowRight", names[1])):
        nadia.page.wait_for_load_state()  # its scripts too
        nadia.page.keyboard.press(key)
        expect(heading).to_have_text(name or "")
    nadia.page.keyboard.press("Escape")
    expect(nadia.title).to_have_text("Administratif")


def test_pages_are_turned_and_moved_by_buttons(visit: Visit) -> None:
    nadia = visit("nadia")
    nadia.open("garage-roux", "Juridique")
    nadia.drop(File("Acte.pdf", pdf_of("Un", "Deux")))
    expect(nadia.row("Acte.pdf")).to_be_visible()
    nadia.row("Acte.pdf").locator(".document-name").click()
    page = nadia.page
    expect(page.locator(PICTURES)).to_have_count(2, timeout=30_000)
    page.locator("#acts summary").click()
    page.get_by_role("link", name="Tourner, retirer").click()
    page.get_by_role("button", name="Tourner la page 1").click()
    page.get_by_role("button", name="Reculer la page 1").click()
    sheets = page.locator(".sheet-page")
    expect(sheets.last).to_have_attribute("data-page", "1")
    expect(sheets.last.locator(".sheet-picture")).to_have_attribute("data-turn", "90")
    page.get_by_role("button", name="Créer la nouvelle version").click()
    versions = page.locator("#versions li")
    expect(versions).to_have_count(2)
    expect(versions.first).to_contain_text("Pages tournées, ordre modifié")
    expect(page.get_by_role("link", name="Télécharger la version 1")).to_be_visible()
    expect(page.locator(PICTURES).nth(1)).to_have_js_property(
        "naturalWidth", 1000, timeout=30_000
    )


def test_a_paper_is_photographed_page_by_page_on_a_phone(visit: Visit) -> None:
    karim = visit("karim")
    page = karim.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(karim.url("/"))
    page.get_by_role("link", name="Plusieurs pages pour À classer").click()
    page.locator("#scan").evaluate("(form) => { form.dataset.most = 3 }")
    full = page.locator("[data-full]")
    expect(full).to_be_hidden()
    for colour in ("red", "lime", "blue"):
        shot = File(f"{colour}.jpg", photo(colour), "image/jpeg")
        page.locator("[data-add]").set_input_files([shot.chosen()])
    pages = page.locator("[data-pages] li")
    expect(pages).to_have_count(3)
    expect(full).to_be_visible()
    page.get_by_role("button", name="Retirer la page 2").click()
    expect(pages).to_have_count(2)
    expect(full).to_be_hidden()
    assert faults(page, "scan") == []
    page.get_by_label("Nom du document").fill("Contrat signé")
    page.get_by_role("button", name="Déposer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Contrat signé.pdf")
    expect(page.get_by_role("link", name="Télécharger la photo 2")).to_be_visible()
    expect(page.locator(PICTURES)).to_have_count(2, timeout=30_000)


def test_a_document_is_printed_a_sheet_a_page_and_nothing_else(visit: Visit) -> None:
    karim = visit("karim")
    karim.page.add_init_script(
        """window.print = () => {
          const pictures = [...document.querySelectorAll(".viewer-page img")];
          const isWhole = pictures.every((one) => one.complete);
          document.documentElement.dataset.printed = isWhole;
        };"""
    )
    karim.open("garage-roux", "Social")
    karim.drop(File("Bulletins.pdf", pdf_of(*(f"Bulletin {n}" for n in range(6)))))
    karim.row("Bulletins.pdf").locator(".document-name").click()
    karim.page.get_by_role("button", name="Imprimer").click(timeout=60_000)
    # Also those that were not scrolled to are there by then.
    expect(karim.page.locator("html")).to_have_attribute("data-printed", "true")
    sheets = pypdfium2.PdfDocument(karim.page.pdf(format="A4"))
    assert len(sheets) == 6
    # Asked of the browser, the page tells the rest too.
    assert len(pypdfium2.PdfDocument(karim.page.pdf(format="A4"))) > 6
    assert karim.complaints == []
