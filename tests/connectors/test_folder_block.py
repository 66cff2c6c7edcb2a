"""The firm's block in the pane of a folder, as staff read it."""

import re
from html import unescape

import pytest
from flask import Flask

from app.connectors import catalogue, connecting
from app.connectors.catalogue import PartnerApp, Slot
from app.connectors.models import Connection
from app.db import database_now, db
from app.delivery import waiting
from tests.cast import PURCHASES, Browser, House, World, signed_in
from tests.delivery.world import change

MARCH = f"{PURCHASES}/03 – Mars"
FOUR = PartnerApp(
    key="four",
    name="Quatuor",
    short_name="Quatuor",
    monogram="q",
    tone="blue",
    category="Saisie automatisée",
    summary="",
    bot_prefix="quatuor",
    bot_owner="company",
    slots=tuple(
        Slot(key=key, name=name, folder_kinds=(key,))
        for key, name in (
            ("purchases", "Achats"),
            ("sales", "Ventes"),
            ("expenses", "Notes de frais"),
            ("bank", "Banque"),
        )
    ),
    types=(),
    max_file_bytes=14_000_000,
)


@pytest.fixture
def house(world: World) -> House:
    world.alder.connect()
    return world.alder


@pytest.fixture
def ada(app: Flask, house: House) -> Browser:
    return signed_in(app, house.admin)


@pytest.fixture
def four(house: House, monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setitem(catalogue.everything(), FOUR.key, FOUR)
    return house.connect(FOUR.key)


def block(browser: Browser, house: House, path: str = PURCHASES) -> str:
    folder = house.folder(path)
    url = f"/companies/{house.dune.slug}/folders/{folder.id}/switches"
    answer = browser.get(url, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", unescape(answer.text)).replace("’", "'")


def switches_in(text: str) -> dict[str, str]:
    """Name → aria-checked, in the order of the block."""
    return {
        name: checked
        for checked, name in re.findall(
            r'role="switch" aria-checked="(\w+)"(?: aria-disabled="true")? '
            r'aria-label="([^"]+)"',
            text,
        )
    }


def test_a_tool_of_one_address_is_named_after_itself(
    house: House, ada: Browser
) -> None:
    house.switch("on")
    assert switches_in(block(ada, house)) == {"QuickBooks Dépenses Express": "true"}


def test_each_address_of_a_tool_has_a_switch_of_its_own(
    house: House, ada: Browser, four: Connection
) -> None:
    house.switch("on", connection=four, slot="sales")
    assert switches_in(block(ada, house)) == {
        "QuickBooks Dépenses Express": "false",
        "Quatuor · Achats": "false",
        "Quatuor · Ventes": "true",
        "Quatuor · Notes de frais": "false",
        "Quatuor · Banque": "false",
    }


def test_what_is_advised_or_on_here_comes_first_and_the_rest_is_folded(
    house: House, ada: Browser, four: Connection
) -> None:
    house.switch("on", connection=four, slot="bank")
    shown, folded = block(ada, house, MARCH).split("<details")
    assert "Autres adresses Quatuor (2)" in folded
    assert [n for n in switches_in(shown) if "Quatuor" in n] == [
        "Quatuor · Achats",
        "Quatuor · Banque",
    ]
    assert list(switches_in(folded)) == ["Quatuor · Ventes", "Quatuor · Notes de frais"]


def test_where_no_address_is_meant_for_the_folder_all_are_folded(
    house: House, ada: Browser, four: Connection
) -> None:
    assert "Adresses Quatuor (4)" in block(ada, house, "Juridique")


def test_one_address_cut_here_stays_in_sight(
    house: House, ada: Browser, four: Connection
) -> None:
    house.switch("on", connection=four, slot="bank")
    house.switch("off", MARCH, connection=four, slot="bank")
    shown, _folded = block(ada, house, MARCH).split("<details")
    assert switches_in(shown)["Quatuor · Banque"] == "false"
    assert "Coupé ici, Achats reste actif" in shown


@pytest.mark.parametrize(
    ("slots", "said"),
    [
        ([], None),
        (["purchases"], "Chaque document partira aux deux"),
        (["purchases", "sales"], "Chaque document partira aux 3"),
    ],
)
def test_where_several_are_on_it_says_that_each_gets_every_document(
    house: House, ada: Browser, four: Connection, slots: list[str], said: str | None
) -> None:
    house.switch("on")
    for slot in slots:
        house.switch("on", connection=four, slot=slot)
    text = block(ada, house, MARCH)
    assert (said in text) if said else ("Chaque document" not in text)


def test_what_is_inherited_says_from_where_with_a_link(
    house: House, ada: Browser
) -> None:
    house.switch("on")
    text = block(ada, house, MARCH)
    assert re.search(r"Hérité de <a href=\"[^\"]+\"><bdi>Achats</bdi></a>", text)
    assert house.folder().id.__str__() in text


@pytest.mark.parametrize(
    ("is_on", "said"),
    [
        (True, "Accès coupé : ce qui est déposé ici est retenu"),
        (False, "N'est plus autorisée pour cette entreprise"),
    ],
)
def test_a_revoked_application_leads_to_where_it_is_authorised(
    house: House, ada: Browser, is_on: bool, said: str
) -> None:
    if is_on:
        house.switch("on")
    connecting.revoke(house.dune_connection(), by=None)
    db.session.commit()
    text = block(ada, house)
    assert said in text
    assert "Autoriser dans Applications" in text
    assert 'aria-disabled="true"' in text
    folder = house.folder()
    url = f"/companies/{house.dune.slug}/folders/{folder.id}/switches/quickbooks"
    assert ada.get(f"{url}/confirm").status_code == 404
    assert ada.post(url, data={"state": "on"}).status_code == 404


def test_an_application_that_left_the_catalogue_leaves_the_block_standing(
    house: House, ada: Browser
) -> None:
    house.dune_connection().app_key = "gone"
    db.session.commit()
    assert "Aucune application" in block(ada, house)


def test_it_counts_what_leaves_by_itself_and_the_button_what_is_due_now(
    house: House, ada: Browser
) -> None:
    house.switch("on")
    house.drop("due.pdf")
    house.drop("refusé.txt", content=b"text\n")
    change(house.drop("part.pdf"), state="sending")
    change(house.drop("parti.pdf"), state="accepted")
    later = database_now().replace(year=2100)
    change(house.drop("plus tard.pdf"), state="deferred", not_before=later)
    assert waiting.leaving(house.dune.id) == 3
    assert waiting.due_now(house.dune.id) == 1
    assert "3 documents à transmettre" in block(ada, house).replace("\xa0", " ")


def test_a_document_for_two_tools_is_one_document(
    house: House, four: Connection
) -> None:
    house.switch("on")
    house.switch("on", connection=four)
    assert len(house.drop().deliveries) == 2
    assert waiting.leaving(house.dune.id) == waiting.due_now(house.dune.id) == 1


def test_what_is_under_way_is_not_said_to_be_nothing(
    house: House, ada: Browser
) -> None:
    house.switch("on")
    change(house.drop(), state="sending")
    url = f"/companies/{house.dune.slug}/send-now"
    said = ada.post(url, headers={"HX-Request": "true"}).text.replace("’", "'")
    assert "est en route, ou sera essayé de nouveau" in unescape(said).replace("’", "'")
