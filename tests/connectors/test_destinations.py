"""What a destination address must be, what is doubtful about it, and who is told."""

import pytest
from sqlalchemy import select

from app.connectors import apps, catalogue
from app.connectors.destinations import Change, checked_address, doubts, tell_admins
from app.db import db
from app.errors import Refused
from app.notices.models import Notice
from app.people.models import Person
from tests.cast import World

QUICKBOOKS = catalogue.get("quickbooks")
PURCHASES = QUICKBOOKS.slots[0]


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (" dune@QboDocs.com\n", "dune@qbodocs.com"),
        ("Du.Ne+x@qbodocs.com", "Du.Ne+x@qbodocs.com"),
        (f"{'x' * 64}@qbodocs.com", f"{'x' * 64}@qbodocs.com"),
    ],
)
def test_an_address_is_trimmed_and_its_domain_small(
    world: World, raw: str, kept: str
) -> None:
    assert checked_address(raw) == kept


@pytest.mark.parametrize(
    "raw",
    [
        *(
            "",
            "   ",
            "dune",
            "@qbodocs.com",
            "dune@",
            "dune@qbodocs",
            "d..e@qbodocs.com",
        ),
        *("a b@qbodocs.com", "a@b@qbodocs.com", "a@x.fr;b@x.fr", "a@x.fr,b@x.fr"),
        *("é@qbodocs.com", "dune@qbodöcs.com", "a@-x.com", "<a@qbodocs.com>"),
        *(f"{'x' * 65}@qbodocs.com", f"a@{'x' * 300}.com", "a@x.fr\nBcc: b@x.fr"),
        *("x@mail.guichet.test", "x@MAIL.guichet.test"),
    ],
)
def test_what_is_no_address_is_refused_at_its_field(world: World, raw: str) -> None:
    with pytest.raises(Refused) as refusal:
        checked_address(raw)
    assert refusal.value.field == "destination"
    assert refusal.value.message


def test_the_domain_of_another_firm_is_ours_too(world: World) -> None:
    world.birch.dune.mail_domain = "depot.birch.example"
    db.session.commit()
    with pytest.raises(Refused):
        checked_address("x@depot.birch.example")


def test_the_usual_domain_raises_no_doubt_and_another_one_does(world: World) -> None:
    company = world.alder.dune
    assert doubts(company, PURCHASES, "dune@qbodocs.com", by=world.alder.admin) == []
    (doubt,) = doubts(company, PURCHASES, "dune@qbodoc.com", by=world.alder.admin)
    assert "qbodocs.com" in doubt
    assert "qbodoc.com" in doubt


def test_the_same_address_of_another_company_of_the_firm_is_a_doubt(
    world: World,
) -> None:
    world.alder.connect(company=world.alder.elm)
    world.birch.connect(company=world.birch.dune)
    slot = apps.get("dext").slots[0]
    (doubt,) = doubts(
        world.alder.dune, slot, "Purchases.Elm-Alder@tool.test", by=world.alder.admin
    )
    assert "Elm Alder" in doubt
    assert (
        doubts(
            world.alder.elm, slot, "purchases.elm-alder@tool.test", by=world.alder.admin
        )
        == []
    )
    assert (
        doubts(
            world.alder.dune,
            slot,
            "purchases.dune-birch@tool.test",
            by=world.alder.admin,
        )
        == []
    )


def test_every_administrator_gets_one_mail_for_all_that_changed(world: World) -> None:
    house = world.alder
    second = Person(
        firm_id=house.firm.id, email="zoe@firm.test", name="Zoé", role="firm_admin"
    )
    gone = Person(
        firm_id=house.firm.id,
        email="gone@firm.test",
        name="Gone",
        role="firm_admin",
        disabled_at=house.dune.created_at,
    )
    db.session.add_all([second, gone])
    changes = [
        Change(house.dune, PURCHASES, None, "dune@qbodocs.com"),
        Change(house.elm, PURCHASES, "old@qbodocs.com", "elm@qbodocs.com"),
    ]
    tell_admins(QUICKBOOKS, changes, by=house.staff)
    notices = db.session.scalars(select(Notice)).all()
    assert {one.recipient for one in notices} == {"ada@firm.test", "zoe@firm.test"}
    for one in notices:
        assert "old@qbodocs.com → elm@qbodocs.com" in one.text
        assert "dune@qbodocs.com" in one.text
        assert "Ben Petit" in one.text


def test_nobody_is_told_of_nothing(world: World) -> None:
    tell_admins(QUICKBOOKS, [], by=world.alder.staff)
    assert db.session.scalars(select(Notice)).all() == []


def test_a_company_that_the_person_may_not_see_is_not_named(world: World) -> None:
    house = world.alder
    house.connect(company=house.elm)
    slot = apps.get("quickbooks").slots[0]
    address = "purchases.elm-alder@tool.test"
    (_domain, named) = doubts(house.dune, slot, address, by=house.admin)
    (_domain, unnamed) = doubts(house.dune, slot, address, by=house.staff)
    assert "Elm Alder" in named
    assert "Elm" not in unnamed
    assert "autre entreprise" in unnamed
