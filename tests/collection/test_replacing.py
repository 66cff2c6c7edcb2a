"""Another address in the place of one, which goes on for a while; and what is decided
about an address."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.activity.models import Entry
from app.collection import addresses, replacing
from app.collection.addresses import collector, listed
from app.collection.families import Family, family_of
from app.collection.models import CollectionAddress
from app.companies.models import Company
from app.db import db, utc_now
from app.errors import Refused
from app.people.models import Person
from tests.cast import House, World
from tests.collection.mailing import COMPTA, documents, mail_to

DOMAIN = "mail.guichet.test"


@pytest.fixture
def house(world: World) -> House:
    return world.alder


def compta(house: House) -> Family:
    found = family_of(house.firm.id, "compta")
    assert found
    return found


def replace(
    house: House, word: str, sign: str = "+", months: int | None = 6
) -> CollectionAddress:
    row = replacing.replace(
        house.dune, compta(house), word, sign, months, by=house.admin
    )
    db.session.commit()
    return row


def row_at(address: str) -> CollectionAddress:
    return db.session.scalars(
        select(CollectionAddress).where(CollectionAddress.address == address)
    ).one()


def told(verb: str) -> Entry:
    return db.session.scalars(select(Entry).where(Entry.verb == verb)).one()


def test_a_replaced_address_goes_on_for_months_beside_the_new_one(
    house: House,
) -> None:
    new = replace(house, replacing.suggestion(house.dune))
    assert new.address.startswith("compta+dune-alder-")
    assert listed(house.dune)[0].address == new.address
    assert mail_to(new.address).state == mail_to(COMPTA).state == "filed"
    old = row_at(COMPTA)
    assert old.works_until
    assert 179 < (old.works_until - utc_now()).days < 186
    entry = told("address_replaced")
    assert entry.is_firm_only
    assert (entry.details["before"], entry.details["address"]) == (COMPTA, new.address)


def test_what_comes_after_its_end_waits_for_a_person_of_the_firm(house: House) -> None:
    replace(house, "dune-xyzw")
    row_at(COMPTA).works_until = utc_now() - timedelta(seconds=1)
    db.session.commit()
    mail = mail_to(COMPTA)
    assert (mail.state, mail.reason) == ("quarantined", "address_ended")
    assert (mail.firm_id, mail.company_id) == (house.firm.id, house.dune.id)
    assert documents() == []


def test_an_address_that_ends_now_takes_nothing_from_now_on(house: House) -> None:
    assert mail_to(COMPTA).state == "filed"
    replace(house, "dune-xyzw", months=0)
    assert mail_to(COMPTA).reason == "address_ended"


def test_a_former_address_can_come_back(house: House) -> None:
    new = replace(house, "dune-xyzw")
    back = replace(house, "dune-alder")
    assert back.address == COMPTA
    assert (back.replaced_at, back.works_until) == (None, None)
    assert row_at(new.address).replaced_at is not None
    assert len(db.session.scalars(select(CollectionAddress)).all()) == 2


@pytest.mark.parametrize("sign", ["+", ".", "-"])
def test_a_site_that_refuses_the_plus_gets_another_sign(
    house: House, sign: str
) -> None:
    new = replace(house, "dune-xyzw", sign)
    assert new.address == f"compta{sign}dune-xyzw@{DOMAIN}"
    assert mail_to(new.address).state == "filed"


@pytest.mark.parametrize(
    "word",
    [
        "",
        "élan",
        "a--b",
        "-a",
        "a" * 60,
        "a b",
        "a@b",
        "new",
        "postmaster",
        "alder",  # the firm's own
        "elm-alder",  # the slug of another company of the firm
        "elrn-alder",  # and what looks like it
        "e1m-alder",
        "dune-birch",  # of another firm
        "dune-blrch",
        "birch-sands",  # which another firm's company has chosen
        "b1rch-sands",
        "old-elm",  # which another company had
    ],
)
def test_a_word_that_is_taken_or_looks_so_is_refused(world: World, word: str) -> None:
    house = world.alder
    house.elm.former_slug = "old-elm"
    db.session.add(
        CollectionAddress(
            firm_id=world.birch.firm.id,
            company_id=world.birch.elm.id,
            address=f"compta+birch-sands@{DOMAIN}",
            family="compta",
        )
    )
    db.session.commit()
    with pytest.raises(Refused) as refusal:
        replace(house, word)
    assert refusal.value.field == "word"
    db.session.rollback()
    assert listed(house.dune)[0].address == COMPTA


def test_the_address_that_it_has_is_no_other_one(house: House) -> None:
    with pytest.raises(Refused) as refusal:
        replace(house, "dune-alder")
    assert refusal.value.field == "word"


@pytest.mark.parametrize("months", [-1, 1, 24])
def test_only_the_lengths_that_are_offered_are_taken(house: House, months: int) -> None:
    with pytest.raises(Refused) as refusal:
        replace(house, "dune-xyzw", months=months)
    assert refusal.value.field == "months"


def test_two_companies_that_want_one_address_at_once_do_not_both_get_it(
    app: Flask, house: House
) -> None:
    """Each looks before the other has written."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("the write transaction itself keeps the second one out")
    wanted = [
        (house.dune.id, house.admin.id),
        (house.elm.id, house.admin.id),
    ]
    db.session.commit()
    both_looked, outcomes = threading.Barrier(2, timeout=20), list[str]()
    free = replacing._free

    def looked(*given: Any) -> str:
        address = free(*given)
        both_looked.wait()
        return address

    def want(company_id: Any, person_id: Any) -> None:
        with app.app_context():
            company = db.session.get_one(Company, company_id)
            person = db.session.get_one(Person, person_id)
            family = family_of(company.firm_id, "compta")
            assert family
            try:
                replacing.replace(company, family, "same-word", "+", 3, by=person)
                db.session.commit()
                outcomes.append("has it")
            except IntegrityError:
                db.session.rollback()
                outcomes.append("was too late")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replacing, "_free", looked)
        threads = [threading.Thread(target=want, args=each) for each in wanted]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert sorted(outcomes) == ["has it", "was too late"]
    db.session.expire_all()
    found = collector(f"compta+same-word@{DOMAIN}")
    assert found
    loser = house.elm if found.company_id == house.dune.id else house.dune
    assert listed(loser)[0].address == f"compta+{loser.slug}@{DOMAIN}"


def test_who_may_write_is_changed_for_the_former_addresses_too(house: House) -> None:
    new = replace(house, "dune-xyzw")
    replacing.set_policy(house.dune, compta(house), "list", by=house.admin)
    db.session.commit()
    for address in (new.address, COMPTA):
        assert mail_to(address).reason == "unknown_sender"
    replacing.set_policy(house.dune, compta(house), "", by=house.admin)
    db.session.commit()
    assert mail_to(COMPTA).state == "filed"
    with pytest.raises(Refused):
        replacing.set_policy(house.dune, compta(house), "everybody", by=house.admin)


def test_a_folder_that_is_chosen_takes_the_mail(house: House) -> None:
    legal = house.folder("Juridique")
    replacing.set_folder(house.dune, compta(house), legal, by=house.admin)
    db.session.commit()
    mail_to(COMPTA)
    assert [document.folder_id for document in documents()] == [legal.id]
    assert told("address_folder_changed").details["folder"] == str(legal.id)
    replacing.set_folder(house.dune, compta(house), legal, by=house.admin)
    db.session.commit()
    assert told("address_folder_changed")  # the same again is no change


def test_the_end_of_a_former_address_can_be_put_off_or_brought_on(
    house: House,
) -> None:
    replace(house, "dune-xyzw", months=0)
    old = row_at(COMPTA)
    replacing.set_end(old, 3, by=house.admin)
    db.session.commit()
    assert mail_to(COMPTA).state == "filed"
    replacing.set_end(old, None, by=house.admin)
    assert old.works_until is None
    replacing.set_end(old, 0, by=house.admin)
    db.session.commit()
    assert mail_to(COMPTA).reason == "address_ended"
    now = addresses.current(house.dune, compta(house))
    assert now
    with pytest.raises(Refused):
        replacing.set_end(now, 0, by=house.admin)
