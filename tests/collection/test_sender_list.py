"""The senders that a company accepts: what may be one, and what looks like another."""

import pytest
from sqlalchemy import select

from app.activity.models import Entry
from app.collection import sender_list
from app.collection.models import AcceptedSender
from app.collection.sender_list import LooksLike
from app.collection.sender_patterns import is_accepted
from app.db import db
from app.errors import Refused
from tests.cast import House, World


@pytest.fixture
def house(world: World) -> House:
    return world.alder


def accept(house: House, typed: str, *, is_sure: bool = False) -> AcceptedSender:
    return sender_list.accept(house.dune, typed, by=house.staff, is_sure=is_sure)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Compta@Fournitures.FR ", "compta@fournitures.fr"),
        ("<a.b+c@sub.fournitures.fr>", "a.b+c@sub.fournitures.fr"),
        ("@fournitures.fr", "@fournitures.fr"),
        ("someone@gmail.com", "someone@gmail.com"),
        ("@xn--caf-dma.fr", "@xn--caf-dma.fr"),
    ],
)
def test_an_address_or_a_domain_is_kept_in_small_letters(
    house: House, typed: str, kept: str
) -> None:
    assert accept(house, typed).pattern == kept
    entry = db.session.scalars(
        select(Entry).where(Entry.verb == "sender_accepted")
    ).one()
    assert (entry.details["pattern"], entry.is_firm_only) == (kept, True)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "@",
        "fournitures.fr",
        "a@b",
        "a@@b.fr",
        "a b@c.fr",
        "a@b..fr",
        "a@-b.fr",
        "@*.fr",
        "@fr",
        "é@b.fr",
        "a@bаnque.fr",  # whose second a is Cyrillic
        "a@1.2.3.4",
        "x" * 65 + "@b.fr",
        "a@" + "b" * 250 + ".fr",
        "@gmail.com",  # everybody's
        "@ORANGE.fr",
        "@mail.guichet.test",  # our own
        "compta+elm-alder@mail.guichet.test",
        "ne-pas-repondre@mail.guichet.test",
        "bounce+x@mail.guichet.test",
        "a,b@c.fr",
        "a@b.fr, c@d.fr",
    ],
)
def test_what_is_none_is_refused_at_its_field(house: House, typed: str) -> None:
    with pytest.raises(Refused) as refusal:
        accept(house, typed)
    assert refusal.value.field == "pattern"


@pytest.mark.parametrize(
    ("known", "typed"),
    [
        ("@fournitures.fr", "@fournltures.fr"),
        ("@fournitures.fr", "compta@fournltures.fr"),
        ("compta@fournitures.fr", "@fourn1tures.fr"),
        ("compta@fournitures.fr", "cornpta@fournitures.fr"),
        ("@four-nitures.fr", "@fournitures.fr"),
    ],
)
def test_what_looks_like_a_known_one_has_to_be_meant(
    house: House, known: str, typed: str
) -> None:
    accept(house, known)
    with pytest.raises(LooksLike) as like:
        accept(house, typed)
    assert like.value.known == known
    assert accept(house, typed, is_sure=True).pattern == typed


def test_what_looks_like_a_person_of_the_firm_has_to_be_meant(house: House) -> None:
    with pytest.raises(LooksLike):
        accept(house, "ada@flrm.test")
    assert accept(house, "other@firm.test").pattern == "other@firm.test"


def test_one_is_not_accepted_twice_and_can_be_forgotten(house: House) -> None:
    sender = accept(house, "@fournitures.fr")
    with pytest.raises(Refused):
        accept(house, "@FOURNITURES.fr")
    sender_list.forget(house.dune, sender, by=house.staff)
    db.session.flush()
    assert sender_list.of(house.dune) == []
    assert accept(house, "@fournitures.fr")


def test_each_company_has_a_list_of_its_own(house: House) -> None:
    sender = accept(house, "@fournitures.fr")
    assert sender_list.of(house.elm) == []
    assert sender_list.find(house.elm, sender.id) is None


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("Compta@Fournitures.fr", True),
        ("a@other.fr", True),
        ("b@other.fr", False),
        ("a@sub.fournitures.fr", False),
        ("a@evilfournitures.fr", False),
        ("", False),
    ],
)
def test_an_address_is_accepted_whole_or_by_its_whole_domain(
    address: str, answer: bool
) -> None:
    assert is_accepted(address, {"@fournitures.fr", "a@other.fr"}) is answer
