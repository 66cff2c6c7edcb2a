"""Whose an address is: one company's, whatever was changed since it was given out."""

import pytest
from flask import Flask

from app.collection import addresses
from app.collection.addresses import collector, listed
from app.collection.models import CollectionAddress, MailFamily
from app.companies.models import Company
from app.companies.opening import open_company
from app.companies.slugs import checked_slug
from app.db import db
from app.errors import Refused
from tests.cast import House, World, signed_in
from tests.collection.mailing import COMPTA, documents, mail_to

DOMAIN = "mail.guichet.test"


@pytest.fixture
def house(world: World) -> House:
    return world.alder


def change_slug(app: Flask, house: House, slug: str) -> None:
    form = {"name": house.dune.name, "siren": "", "slug": slug}
    browser = signed_in(app, house.admin)
    answer = browser.post(f"/companies/{house.dune.slug}/settings", data=form)
    assert answer.status_code == 303
    db.session.expire_all()


@pytest.mark.parametrize(
    "written", [COMPTA, "Compta+DUNE-Alder@Mail.GUICHET.test", f"  {COMPTA}\n"]
)
def test_letters_small_or_large_are_one_address(house: House, written: str) -> None:
    found = collector(written)
    assert found
    assert (found.company_id, found.family) == (house.dune.id, "compta")


@pytest.mark.parametrize(
    "written",
    [
        f"compta@{DOMAIN}",
        f"compta+@{DOMAIN}",
        f"+dune-alder@{DOMAIN}",
        f"compta+dune-alder+x@{DOMAIN}",
        f"compta.dune-alder@{DOMAIN}",
        f"achats+dune-alder@{DOMAIN}",
        "compta+dune-alder@elsewhere.test",
        "compta+dune-alder",
        f"compta+{'x' * 5000}@{DOMAIN}",
        "",
    ],
)
def test_what_is_nobody_s_is_nobody_s(house: House, written: str) -> None:
    assert collector(written) is None


def test_a_list_shows_an_address_for_each_family_and_writes_nothing(
    house: House,
) -> None:
    shown = [one.address for one in listed(house.dune)]
    assert shown[0] == COMPTA
    assert len(shown) == 7
    assert db.session.query(CollectionAddress).count() == 0


def test_after_another_short_name_both_addresses_lead_to_the_company(
    app: Flask, house: House
) -> None:
    """Also where the old one had been written to before."""
    assert mail_to(COMPTA).state == "filed"
    change_slug(app, house, "sands")
    new = f"compta+sands@{DOMAIN}"
    assert listed(house.dune)[0].address == new
    assert mail_to(new).state == mail_to(COMPTA).state == "filed"
    assert len(documents()) == 3
    old = db.session.query(CollectionAddress).filter_by(address=COMPTA).one()
    assert (old.replaced_at is not None, old.works_until) == (True, None)


def test_after_another_short_name_what_was_chosen_for_the_address_stays(
    app: Flask, house: House
) -> None:
    row = collector(COMPTA)
    assert row
    row.policy, row.folder_id = "list", house.folder("Juridique").id
    db.session.commit()
    change_slug(app, house, "sands")
    [now, *_others] = listed(house.dune)
    assert now.row
    assert (now.address, now.policy) == (f"compta+sands@{DOMAIN}", "list")
    assert now.row.folder_id == row.folder_id


def test_where_the_sign_is_in_the_words_too_it_still_leads_to_one(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """«a-classer-dune-alder»: one of its hyphens is the sign."""
    monkeypatch.setitem(app.config, "ADDRESS_SEPARATOR", "-")
    found = collector(f"a-classer-dune-alder@{DOMAIN}")
    assert found
    assert (found.company_id, found.family) == (house.dune.id, "a-classer")


def test_what_can_be_read_in_two_ways_is_nobody_s(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """«compta» of «x-acme», or «compta-x» of «acme», which is another firm's."""
    monkeypatch.setitem(app.config, "ADDRESS_SEPARATOR", "-")
    alder, birch = world.alder.firm, world.birch.firm
    open_company(alder, "A", slug="x-acme")
    open_company(birch, "B", slug="acme")
    db.session.add(
        MailFamily(
            firm_id=birch.id, prefix="compta-x", name="X", folder_kind="purchases"
        )
    )
    db.session.flush()
    assert collector(f"compta-x-acme@{DOMAIN}") is None
    assert collector(f"ventes-x-acme@{DOMAIN}") is not None


def test_an_address_that_another_company_chose_is_not_shown_as_one_s_own(
    world: World,
) -> None:
    db.session.add(
        CollectionAddress(
            firm_id=world.birch.firm.id,
            company_id=world.birch.dune.id,
            address=COMPTA,
            family="compta",
        )
    )
    db.session.commit()
    [purchases, sales, *_others] = listed(world.alder.dune)
    assert (purchases.address, purchases.row) == (None, None)
    assert sales.address == f"ventes+dune-alder@{DOMAIN}"
    with pytest.raises(Refused, match="prise"):
        addresses.settle(world.alder.dune, purchases.family)


def test_no_new_company_gets_the_word_of_another_s_address(world: World) -> None:
    db.session.add(
        CollectionAddress(
            firm_id=world.birch.firm.id,
            company_id=world.birch.dune.id,
            address=f"compta.dunes-du-nord@{DOMAIN}",
            family="compta",
        )
    )
    db.session.commit()
    for slug in ("dunes-du-nord", "dunes-du-n0rd"):
        with pytest.raises(Refused):
            checked_slug(world.alder.firm, slug)
    assert checked_slug(world.alder.firm, "dunes-du-sud") == "dunes-du-sud"
    own = db.session.get_one(Company, world.birch.dune.id)
    assert checked_slug(world.birch.firm, "dunes-du-nord", but=own)
