"""Files of the computer held over the page of a folder: it says where they will land,
or that they cannot, before they are let go."""

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.visitors import Visitor, pdf

pytestmark = pytest.mark.journey

TWO = (pdf("Facture.pdf"), pdf("Ticket.pdf"))
CLOSE = """
    from sqlalchemy import update
    from app.db import db
    from app.library.models import Folder
    one = update(Folder).where(Folder.name == {name!r})
    db.session.execute(one.values(visibility="read_only"))
    db.session.commit()
"""


def node(visitor: Visitor, name: str) -> Locator:
    return visitor.page.locator("#tree [role=treeitem]").filter(has_text=name)


@pytest.mark.parametrize("name", ["nadia", "karim"])
def test_the_folder_under_the_files_is_named(visit: Visit, name: str) -> None:
    somebody = visit(name)
    page = somebody.page
    somebody.open("garage-roux", "Administratif")
    title = page.locator("[data-drag-title]")
    expect(title).to_be_hidden()
    top = page.locator("tbody").bounding_box()

    somebody.hold(*TWO)
    expect(title).to_have_text(
        "Lâchez pour déposer 2 fichiers dans «\u00a0Administratif\u00a0»"
    )
    expect(title).to_be_visible()
    list_stays = page.locator("tbody").bounding_box() == top
    assert list_stays is (name == "nadia")  # the firm's list lies under a veil

    somebody.hold(*TWO, over=node(somebody, "Juridique"))
    expect(title).to_have_text(
        "Lâchez pour déposer 2 fichiers dans «\u00a0Juridique\u00a0»"
    )
    expect(node(somebody, "Juridique")).to_have_class("tree-node is-drop")
    somebody.hold(*TWO, over=node(somebody, "Juridique"), event="drop")
    expect(title).to_be_hidden()
    expect(page.locator("#depots [data-state=ok]")).to_have_count(2)
    expect(page.locator("tr[data-document]").filter(has_text="Ticket")).to_have_count(0)
    node(somebody, "Juridique").click()
    expect(
        page.locator("tr[data-document]").filter(has_text="Ticket")
    ).not_to_have_count(0)
    assert somebody.complaints == []


def test_a_folder_that_is_closed_says_so_and_takes_nothing(
    visit: Visit, house: House
) -> None:
    karim = visit("karim")
    page = karim.page
    karim.open_a_folder_of_its_own("garage-roux")
    own = page.locator("#tree [aria-current] bdi").inner_text()
    house.python(CLOSE.format(name=own))
    karim.open("garage-roux", "Social")
    title, veil = page.locator("[data-drag-title]"), page.locator(".dropzone")

    karim.hold(*TWO, over=node(karim, own))
    expect(title).to_have_text(f"«\u00a0{own}\u00a0» est en lecture seule")
    expect(veil).to_have_class("deposit dropzone is-shut")
    karim.hold(*TWO, over=node(karim, own), event="drop")
    expect(page.locator("#depots .deposit-row")).to_have_count(0)

    node(karim, own).click()
    expect(karim.title).to_have_text(own)
    karim.hold(*TWO)
    expect(title).to_have_text("Dossier en lecture seule. Déposez dans À classer.")
    karim.hold(*TWO, over=node(karim, "À classer"))
    expect(title).to_have_text(
        "Lâchez pour déposer 2 fichiers dans «\u00a0À classer\u00a0»"
    )
    assert karim.complaints == []
