"""The addresses that send: how they are made, changed, and who may change them."""

import pytest
from flask import Flask
from sqlalchemy import select

from app.activity.models import Entry
from app.connectors import apps, bots, catalogue, connecting
from app.connectors.models import Bot, Connection, FirmApp, OwnApp
from app.db import db
from app.errors import Refused
from tests.cast import Browser, World, signed_in
from tests.connectors.test_panel import text_of

QUICKBOOKS = catalogue.get("quickbooks")
OLD = "quickbooks+dune-alder@mail.guichet.test"
NEW = "quickbooks.dune-alder@mail.guichet.test"


@pytest.fixture
def ada(app: Flask, world: World) -> Browser:
    connecting.adopt(world.alder.firm.id, QUICKBOOKS, by=None)
    db.session.commit()
    return signed_in(app, world.alder.admin)


def choose(browser: Browser, separator: str) -> int:
    answer = browser.post("/apps/quickbooks/separator", data={"separator": separator})
    return int(answer.status_code)


def bot_of(connection: Connection) -> str:
    db.session.expire_all()
    return connection.bot_address


@pytest.mark.parametrize("separator", bots.SEPARATORS)
def test_a_bot_is_the_application_s_and_the_company_s(
    world: World, separator: str
) -> None:
    address = bots.address_of(world.alder.dune, QUICKBOOKS, separator)
    assert address == f"quickbooks{separator}dune-alder@mail.guichet.test"


def test_an_address_that_another_company_has_is_refused(world: World) -> None:
    db.session.add(
        Bot(
            firm_id=world.birch.firm.id,
            address=OLD,
            app_key="quickbooks",
            company_id=world.birch.dune.id,
        )
    )
    db.session.commit()
    with pytest.raises(Refused, match="quickbooks"):
        bots.own(world.alder.dune, QUICKBOOKS)


def test_a_new_separator_is_for_those_authorised_from_then_on(
    ada: Browser, world: World
) -> None:
    before = world.alder.connect()
    assert choose(ada, ".") == 303
    assert bot_of(before) == OLD
    after = world.alder.connect(company=world.alder.elm)
    assert after.bot_address == "quickbooks.elm-alder@mail.guichet.test"


def test_the_other_button_gives_every_connection_its_new_address(
    ada: Browser, world: World
) -> None:
    connection = world.alder.connect()
    world.alder.connect(company=world.alder.elm)
    twin = world.birch.connect()
    choose(ada, ".")
    page = ada.get("/apps/quickbooks/settings").text
    assert "leur nouvelle adresse à 2 connexions" in page.replace("\xa0", " ")
    assert ada.post("/apps/quickbooks/bots").status_code == 303
    assert bot_of(connection) == NEW
    assert bot_of(twin) == "quickbooks+dune-birch@mail.guichet.test"
    for address in (OLD, NEW):  # the old one keeps receiving
        found = bots.at(address)
        assert found
        assert found.company_id == world.alder.dune.id
    details = db.session.scalars(
        select(Entry.details).where(Entry.verb == "bots_renewed")
    ).one()
    assert details["connections"] == 2


def test_giving_them_again_changes_nothing(ada: Browser, world: World) -> None:
    connection = world.alder.connect()
    for separator in (".", "+", "."):
        choose(ada, separator)
        ada.post("/apps/quickbooks/bots")
        ada.post("/apps/quickbooks/bots")
    assert bot_of(connection) == NEW
    renewals = db.session.scalars(select(Entry).where(Entry.verb == "bots_renewed"))
    assert len(renewals.all()) == 3


def test_a_taken_address_changes_none_of_them(ada: Browser, world: World) -> None:
    connection = world.alder.connect()
    db.session.add(
        Bot(
            firm_id=world.birch.firm.id,
            address=NEW,
            app_key="quickbooks",
            company_id=world.birch.dune.id,
        )
    )
    choose(ada, ".")
    assert ada.post("/apps/quickbooks/bots").status_code == 422
    assert bot_of(connection) == OLD


@pytest.mark.parametrize("separator", ["", "_", "++", "é", "@"])
def test_any_other_separator_is_refused(ada: Browser, separator: str) -> None:
    assert choose(ada, separator) == 422
    assert db.session.scalars(select(FirmApp)).one().separator is None


def test_the_change_is_in_the_history_from_what_to_what(ada: Browser) -> None:
    choose(ada, "-")
    choose(ada, "-")
    entry = db.session.scalars(
        select(Entry).where(Entry.verb == "separator_changed")
    ).one()
    assert (entry.details["before"], entry.details["to"]) == ("+", "-")
    assert "+ → -" in ada.get("/apps/quickbooks/history").text


def test_staff_read_the_settings_and_change_none(
    app: Flask, ada: Browser, world: World
) -> None:
    ben = signed_in(app, world.alder.staff)
    page = ben.get("/apps/quickbooks/settings")
    assert page.status_code == 200
    assert "14\xa0Mo au plus" in page.text
    assert 'name="separator"' not in page.text
    assert choose(ben, ".") == 403
    assert ben.post("/apps/quickbooks/bots").status_code == 403


@pytest.mark.parametrize("key", ["quickbooks", "myunisoft"])
def test_the_settings_tell_staff_of_the_companies_they_follow_and_no_other(
    app: Flask, ada: Browser, world: World, key: str
) -> None:
    """Neither in the example of a sender, nor by a number."""
    house = world.alder
    house.connect(key, company=house.elm).holds_duplicates = True
    db.session.commit()
    ben, url = signed_in(app, house.staff), f"/apps/{key}/settings"
    assert "elm-alder" not in ben.get(url).text
    assert "Aucune entreprise n’est encore autorisée" in text_of(ben.get(url))
    assert "Elm Alder" in ada.get(url).text
    house.connect(key).holds_duplicates = True
    db.session.commit()
    assert "Retenus pour 1 entreprise." in text_of(ben.get(url))


def test_a_firm_s_own_application_has_its_panel_and_settings_too(
    ada: Browser, world: World
) -> None:
    house = world.alder
    own = OwnApp(
        firm_id=house.firm.id,
        key="own-paie",
        name="Notre paie",
        monogram="np",
        tone="green",
        bot_prefix="paie",
        usual_domain="paie.example",
        content_types=["application/pdf"],
        max_file_bytes=5_000_000,
    )
    db.session.add(own)
    db.session.flush()
    connecting.adopt(house.firm.id, apps.described(own), by=house.admin)
    db.session.commit()
    panel = ada.get("/apps/own-paie?company=dune-alder").text
    assert "paie+dune-alder@mail.guichet.test" in panel
    assert "dune-alder@paie.example" in panel
    settings = ada.get("/apps/own-paie/settings").text
    assert "5\xa0Mo au plus" in settings
    assert 'name="separator"' in settings
    twin = {"separator": "."}
    assert ada.post("/apps/own-paie/separator", data=twin).status_code == 303
    assert "paie.dune-alder@" in ada.get("/apps/own-paie?company=dune-alder").text
