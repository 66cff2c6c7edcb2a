"""The marks of the tree: which folders send to an application, for the firm only."""

import re
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import event

from app.connectors import connecting
from app.db import db
from app.library.models import Folder
from app.library.navigation import Node, children, tree
from app.library.tree import chain, sight_of
from tests.cast import PURCHASES, YEAR, House, World, signed_in

YEAR_FOLDER = f"Dossier comptable annuel/Exercice {YEAR}"
MARCH = f"{PURCHASES}/03 – Mars"
APRIL = f"{PURCHASES}/04 – Avril"
RELATED = "relié à QuickBooks Dépenses Express"


@pytest.fixture
def house(world: World) -> House:
    world.alder.connect()
    return world.alder


def marks(house: House, path: str = MARCH, role: str = "staff") -> dict[str, str]:
    """Name → label of the folders in sight when this one is open."""
    way = chain(house.folder(path).id, house.dune.id)
    nodes = tree(house.dune, way, sight_of(role, house.dune))
    return {node.name: node.mark.label for node in all_of(nodes) if node.mark}


def all_of(nodes: list[Node]) -> list[Node]:
    return [n for node in nodes for n in (node, *all_of(node.children))]


@pytest.fixture(autouse=True)
def in_french(app: Flask) -> object:
    with app.test_request_context(base_url="http://alder.guichet.test"):
        yield


def test_covered_folders_are_marked_inherited_ones_too(house: House) -> None:
    house.switch("on")
    found = marks(house)
    assert found["Achats"] == found["03 – Mars"] == found["04 – Avril"] == RELATED
    assert len(found) == 13
    assert "Ventes" not in found


def test_a_folder_cut_under_one_that_is_on_is_marked_apart(house: House) -> None:
    house.switch("on")
    house.switch("off", MARCH)
    found = marks(house)
    assert found["03 – Mars"] == "QuickBooks Dépenses Express coupé ici"
    assert found["04 – Avril"] == RELATED


def test_what_is_off_under_nothing_bears_no_mark(house: House) -> None:
    house.switch("on")
    house.switch("off")
    assert marks(house) == {}


def test_two_applications_are_named_both(house: House) -> None:
    house.switch("on")
    dext = house.connect("dext")
    house.switch("on", APRIL, dext)
    house.switch("off", APRIL)
    house.switch("on", MARCH, dext)
    found = marks(house)
    assert found["03 – Mars"] == "relié à Dext, QuickBooks Dépenses Express"
    assert found["04 – Avril"] == "relié à Dext"


def test_a_revoked_connection_marks_nothing(house: House) -> None:
    house.switch("on")
    connecting.revoke(house.dune_connection(), by=None)
    db.session.commit()
    assert marks(house) == {}


def test_folders_that_come_when_one_is_opened_are_marked_as_well(house: House) -> None:
    house.switch("on")
    house.switch("off", MARCH)
    way = chain(house.folder().id, house.dune.id)
    below = {
        n.name: n.mark for n in children(house.dune, way, sight_of("staff", house.dune))
    }
    march, april = below["03 – Mars"], below["04 – Avril"]
    assert march is not None
    assert april is not None
    assert (march.is_cut, april.is_cut) == (True, False)


def test_they_are_marked_by_what_stands_above_alone(house: House) -> None:
    house.switch("on", YEAR_FOLDER)
    way = chain(house.folder().id, house.dune.id)
    below = children(house.dune, way, sight_of("staff", house.dune))
    assert {node.mark.label for node in below if node.mark} == {RELATED}
    assert len(below) == 12


def test_clients_get_no_mark(house: House) -> None:
    house.switch("on")
    assert marks(house, role="company_manager") == {}


def test_the_tree_costs_the_same_whatever_its_size(house: House) -> None:
    house.switch("on")

    def cost() -> int:
        way = chain(house.folder(MARCH).id, house.dune.id)
        sight = sight_of("staff", house.dune)
        db.session.commit()
        said: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
            said.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            tree(house.dune, way, sight)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(said)

    before = cost()
    march = house.folder(MARCH)
    for n in range(40):
        db.session.add(
            Folder(
                firm_id=march.firm_id,
                company_id=march.company_id,
                parent_id=march.id,
                name=f"Lot {n}",
            )
        )
    db.session.commit()
    for n in range(0, 40, 4):
        house.switch("off", f"{MARCH}/Lot {n}")
    assert cost() == before


def test_the_answer_to_a_switch_brings_the_marks_of_all_below(
    app: Flask, house: House
) -> None:
    house.switch("on")
    house.switch("off", MARCH)
    ada = signed_in(app, house.admin)
    folder = house.folder()
    url = f"/companies/{house.dune.slug}/folders/{folder.id}/switches"
    plain = ada.get(url, headers={"HX-Request": "true"}).text
    assert "data-plugs" not in plain

    def brought(path: str, state: str) -> dict[str, str]:
        folder = house.folder(path)
        at = f"/companies/{house.dune.slug}/folders/{folder.id}/switches/quickbooks"
        text = ada.post(at, data={"state": state}, headers={"HX-Request": "true"}).text
        assert f'data-plugs="{folder.id}"' in text
        return {
            folder_id: unescape(label)
            for label, folder_id in re.findall(
                r'class="cab-plug"\s+title="([^"]+)"[^>]*?data-folder="([^"]+)"', text
            )
        }

    assert brought(MARCH, "inherit") == {str(house.folder(MARCH).id): RELATED}
    assert set(brought(YEAR_FOLDER, "on").values()) == {RELATED}
    assert len(brought(YEAR_FOLDER, "on")) == 1 + 5 + 4 * 12
    assert brought(YEAR_FOLDER, "off") == {}
