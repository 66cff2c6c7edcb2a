"""Many documents by keyboard, rows dragged to a folder, a whole directory dropped."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.visitors import Visitor, pdf
from tests.papers import one_page_pdf

pytestmark = pytest.mark.journey


@pytest.fixture
def nadia(visit: Visit) -> Visitor:
    return visit("nadia")


def press(visitor: Visitor, *keys: str) -> None:
    for key in keys:
        visitor.page.keyboard.press(key)


def told(visitor: Visitor, text: str) -> None:
    expect(visitor.page.locator("#messages")).to_contain_text(text)


def test_many_are_validated_and_that_is_undone_by_keyboard(nadia: Visitor) -> None:
    nadia.open_a_folder_of_its_own("garage-roux")
    files = [pdf(f"Contrat {number}.pdf") for number in range(1, 5)]
    nadia.drop(*files)
    rows = nadia.page.locator("tr[data-document]")
    expect(rows).to_have_count(4)
    nadia.page.locator("body").click(position={"x": 5, "y": 5})
    press(nadia, "j", "x", "Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowUp")
    expect(nadia.page.locator("[data-chosen-count]")).to_have_text("2 sélectionnés")
    press(nadia, "v")
    told(nadia, "2 documents sont validés.")
    validated = nadia.page.locator('[data-status="validated"]')
    expect(validated).to_have_count(2)
    press(nadia, "Control+z")
    told(nadia, "Annulé pour 2 documents.")
    expect(validated).to_have_count(0)
    # One alone stays under the hand: no page is loaded.
    rows.nth(0).focus()
    press(nadia, "v")
    expect(validated).to_have_count(1)
    expect(rows.nth(0)).to_be_focused()
    press(nadia, "r")
    nadia.page.get_by_label("Pourquoi").fill("Pages manquantes")
    press(nadia, "Tab", "Tab", "Enter")  # past «Annuler»
    told(nadia, "est refusé")
    expect(nadia.page.locator('[data-status="rejected"]')).to_have_count(1)
    expect(rows.nth(0)).to_contain_text("Pages manquantes")
    assert nadia.complaints == []


def test_rows_are_dragged_to_a_folder_of_the_tree(nadia: Visitor) -> None:
    nadia.open_a_folder_of_its_own("garage-roux")
    nadia.drop(pdf("Paie 1.pdf"), pdf("Paie 2.pdf"), pdf("Paie 3.pdf"))
    rows = nadia.page.locator("tr[data-document]")
    expect(rows).to_have_count(3)
    for name in ("Paie 1.pdf", "Paie 2.pdf"):  # the list may still be on the move
        nadia.row(name).get_by_role("checkbox").check()
    to = nadia.page.get_by_role("treeitem", name="Administratif")
    nadia.row("Paie 1.pdf").locator(".column-date").drag_to(to)
    told(nadia, "2 documents sont déplacés dans «\u00a0Administratif\u00a0».")
    expect(rows).to_have_count(1)
    nadia.page.get_by_role("button", name="Annuler").click()
    told(nadia, "Annulé pour 2 documents.")
    expect(rows).to_have_count(3)
    assert nadia.complaints == []


def test_a_folder_opens_under_what_is_dragged(nadia: Visitor) -> None:
    nadia.open("garage-roux", "Juridique")
    nadia.drop(pdf("À ranger.pdf"))
    tree = nadia.page.get_by_role("tree")
    shut = tree.get_by_role("treeitem", name="Dossier comptable annuel")
    expect(shut).to_have_attribute("aria-expanded", "false")
    nadia.row("À ranger.pdf").locator(".column-date").hover()
    nadia.page.mouse.down()
    for _ in range(2):  # the first one only enters
        shut.hover()
    expect(shut).to_have_attribute("aria-expanded", "true")
    to = tree.locator('[aria-level="2"]').first
    name = to.locator(".tree-name").inner_text()
    for _ in range(2):
        to.hover()
    nadia.page.mouse.up()
    told(nadia, f"1 document est déplacé dans «\u00a0{name}\u00a0».")
    expect(nadia.row("À ranger.pdf")).to_have_count(0)


def let_go(visitor: Visitor, *paths: Path) -> None:
    """Files and directories of this computer, from its desktop on the page."""
    line: Any = visitor.context.new_cdp_session(visitor.page)
    data = {
        "items": [],
        "files": [str(path) for path in paths],
        "dragOperationsMask": 1,
    }
    for kind in ("dragEnter", "dragOver", "drop"):
        line.send(
            "Input.dispatchDragEvent", {"type": kind, "x": 700, "y": 500, "data": data}
        )
    line.detach()


def test_a_directory_keeps_its_structure(nadia: Visitor, tmp_path: Path) -> None:
    root = tmp_path / "Chantiers"
    (root / "Lilas" / "Devis").mkdir(parents=True)
    (root / "Lilas" / "Vide").mkdir()
    (root / "__MACOSX").mkdir()
    (root / "__MACOSX" / "x.pdf").write_bytes(b"x")
    for number in range(120):  # more than are told of at a time
        (root / f"Photo {number:03d}.pdf").write_bytes(one_page_pdf(str(number)))
    (root / "Lilas" / "Devis" / "Devis.pdf").write_bytes(one_page_pdf("Devis"))
    (root / "Lilas" / ".DS_Store").write_bytes(b"x")
    nadia.open("garage-roux", "À classer")
    let_go(nadia, root)
    tray = nadia.page.locator("#depots")
    expect(tray.locator("[data-state=ok]")).to_have_count(121, timeout=60_000)
    expect(tray).to_contain_text("2 fichiers du système ignorés")
    expect(tray).to_contain_text("1 dossier vide, non créé")
    expect(tray).to_contain_text("Chantiers/Lilas/Vide")
    expect(tray).to_contain_text("121 documents déposés")
    tree = nadia.page.get_by_role("tree")
    tree.get_by_role("treeitem", name="Chantiers").click()
    expect(nadia.page.locator("#folder-total")).to_contain_text("120 documents")
    tree.get_by_role("treeitem", name="Lilas").click()
    expect(nadia.title).to_have_text("Lilas")
    expect(tree.get_by_role("treeitem", name="Vide")).to_have_count(0)
    tree.get_by_role("treeitem", name="Devis").click()
    expect(nadia.row("Devis.pdf")).to_be_visible()
    assert nadia.complaints == []


def test_a_directory_is_chosen_without_dragging(nadia: Visitor, tmp_path: Path) -> None:
    root = tmp_path / "Bureau"
    (root / "Loyer").mkdir(parents=True)
    (root / "Loyer" / "Bail.pdf").write_bytes(one_page_pdf("Bail"))
    (root / "Thumbs.db").write_bytes(b"x")
    nadia.open("garage-roux", "Administratif")
    with nadia.page.expect_file_chooser() as chooser:
        nadia.page.get_by_role("button", name="Un dossier entier").click()
    chooser.value.set_files(root)
    tray = nadia.page.locator("#depots")
    expect(tray.locator("[data-state=ok]")).to_contain_text("Bureau/Loyer")
    expect(tray).to_contain_text("Thumbs.db")
