"""Switching a folder in the open page: the marks of the tree follow, and nothing is
done that the dialog did not say."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.visitors import YEAR, Visitor, pdf

pytestmark = pytest.mark.journey

APP = "QuickBooks Dépenses Express"
FOLDER = ("Dossier comptable annuel", YEAR, "Notes de frais")


@pytest.fixture
def claire(visit: Visit) -> Visitor:
    somebody = visit("claire")
    somebody.open("dupont-maconnerie", *FOLDER)
    return somebody


@pytest.fixture
def set_to(claire: Visitor) -> Callable[[str], None]:
    def set_to(state: str) -> None:
        switch = claire.page.get_by_role("switch", name=APP)
        switch.click()
        claire.page.locator("dialog[open] button[type=submit]").last.click()
        expect(claire.page.get_by_role("dialog")).to_be_hidden()
        expect(switch).to_have_attribute("aria-checked", state)

    return set_to


def mark(visitor: Visitor, name: str) -> Any:
    node = visitor.page.locator(".tree-node[aria-level='4']").filter(has_text=name)
    return node.locator(".cab-plug")


def test_the_marks_of_the_tree_follow_the_switch(
    claire: Visitor, set_to: Callable[[str], None]
) -> None:
    page = claire.page
    expect(mark(claire, "03 – Mars")).to_have_count(0)
    page.evaluate("window.stillHere = true")
    set_to("true")
    expect(mark(claire, "03 – Mars")).to_have_attribute("title", f"relié à {APP}")
    its_name = f"03 – Mars relié à {APP}"
    expect(page.get_by_role("treeitem", name=its_name)).to_have_count(1)
    expect(page.get_by_role("switch", name=APP)).to_be_focused()
    set_to("false")
    expect(mark(claire, "03 – Mars")).to_have_count(0)
    assert page.evaluate("window.stillHere")
    assert claire.complaints == []


def test_what_came_meanwhile_is_shown_before_anything_is_done(
    claire: Visitor, visit: Visit
) -> None:
    page = claire.page
    switch = page.get_by_role("switch", name=APP)
    switch.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Aucun document déjà présent")
    paul = visit("paul")
    paul.open("dupont-maconnerie", *FOLDER)
    file = pdf("Péage de Paul.pdf")
    paul.choose(file)
    expect(paul.status(file.name)).to_be_visible()
    dialog.get_by_role("button", name="Activer").click()
    expect(dialog).to_contain_text("rien n’a été fait")
    expect(switch).to_have_attribute("aria-checked", "false")
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Activer et l’envoyer", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(switch).to_have_attribute("aria-checked", "true")
    expect(switch).to_be_focused()
    told = claire.row(file.name).locator("[data-status]")
    expect(told).not_to_have_attribute("data-status", "received", timeout=20_000)


def test_a_folder_comes_under_a_switch_once_that_was_asked(visit: Visit) -> None:
    claire = visit("claire")
    claire.open_a_folder_of_its_own("dupont-maconnerie")
    claire.drop(pdf("Ancien devis.pdf"))
    expect(claire.row("Ancien devis.pdf")).to_be_visible()
    page, name = claire.page, claire.title.inner_text()
    page.locator(".folder-menu summary").click()
    page.get_by_role("link", name="Déplacer…").click()
    for above in ("Dossier comptable annuel", YEAR):
        page.locator(f'summary[aria-label="Dossiers dans {above}"]').click()
    page.get_by_role("radio", name="Achats").first.check()
    page.get_by_role("button", name="Déplacer ici").click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("1 document s’y trouve déjà")
    expect(asked).to_contain_text(APP)
    page.get_by_role("button", name="Déplacer", exact=True).click()
    expect(page.locator("#messages")).to_contain_text("est déplacé dans")
    expect(claire.title).to_have_text(name)
    assert claire.complaints == []
