"""Which documents are due: the rules of switches, each as a sentence."""

import pytest
from sqlalchemy import select

from app.db import db
from app.delivery.models import Delivery
from app.library.deposit import Deposited
from app.library.models import Folder
from tests.cast import PURCHASES, YEAR, House, World
from tests.files import padded_pdf

MARCH = f"{PURCHASES}/03 – Mars"
SALES = PURCHASES.replace("Achats", "Ventes")
ROOT = "Dossier comptable annuel"


@pytest.fixture
def house(world: World) -> House:
    world.alder.connect()
    return world.alder


def states(done: Deposited) -> list[str]:
    return [d.state for d in done.deliveries]


def state_of(done: Deposited) -> tuple[str, str | None]:
    db.session.expire_all()
    delivery = db.session.scalars(
        select(Delivery).where(Delivery.document_id == done.document.id)
    ).one()
    return delivery.state, delivery.reason


def test_a_document_dropped_in_a_switched_folder_is_due(house: House) -> None:
    house.switch("on")
    assert states(house.drop()) == ["pending"]


def test_a_document_in_a_folder_that_is_not_switched_is_not_due(house: House) -> None:
    house.switch("on")
    assert states(house.drop(path=SALES)) == []


def test_what_was_there_before_the_switch_never_becomes_due(house: House) -> None:
    before = house.drop("avant.pdf")
    house.switch("on")
    house.drop("après.pdf")
    due = set(db.session.scalars(select(Delivery.document_id)))
    assert before.document.id not in due
    assert len(due) == 1


def test_a_switch_covers_the_folders_below_present_and_future(house: House) -> None:
    house.switch("on")
    assert states(house.drop(path=MARCH)) == ["pending"]
    purchases = house.folder()
    late = Folder(
        firm_id=purchases.firm_id,
        company_id=purchases.company_id,
        parent_id=purchases.id,
        name="Avoirs",
    )
    db.session.add(late)
    db.session.commit()
    assert states(house.drop(path=f"{PURCHASES}/Avoirs")) == ["pending"]


def test_a_folder_below_can_be_switched_off_by_hand(house: House) -> None:
    house.switch("on")
    house.switch("off", MARCH)
    assert states(house.drop(path=MARCH)) == []
    assert states(house.drop(path=PURCHASES)) == ["pending"]


def test_the_nearest_explicit_setting_decides(house: House) -> None:
    house.switch("on", ROOT)
    house.switch("off", f"{ROOT}/Exercice {YEAR}")
    house.switch("on", PURCHASES)
    house.switch("off", MARCH)
    assert states(house.drop(path=MARCH)) == []
    assert states(house.drop(path=f"{PURCHASES}/04 – Avril")) == ["pending"]
    assert states(house.drop(path=SALES)) == []


def test_switching_a_folder_on_clears_the_settings_below_it(house: House) -> None:
    house.switch("on")
    house.switch("off", MARCH)
    house.switch("on", ROOT)
    assert states(house.drop(path=MARCH)) == ["pending"]


def test_inherit_takes_the_folder_s_own_setting_away(house: House) -> None:
    house.switch("on")
    house.switch("off", MARCH)
    house.switch("inherit", MARCH)
    assert states(house.drop(path=MARCH)) == ["pending"]


def test_switching_off_cancels_what_waits_and_says_why(house: House) -> None:
    house.switch("on")
    waiting = house.drop()
    assert house.switch("off") == 1
    assert state_of(waiting) == ("cancelled", "switch_off")


def test_switching_a_folder_below_off_cancels_only_what_waits_there(
    house: House,
) -> None:
    house.switch("on")
    there, elsewhere = house.drop("a.pdf", MARCH), house.drop("b.pdf")
    assert house.switch("off", MARCH) == 1
    assert state_of(there) == ("cancelled", "switch_off")
    assert state_of(elsewhere) == ("pending", None)


def test_off_then_on_is_a_new_period_with_nothing_of_before(house: House) -> None:
    house.switch("on")
    waiting = house.drop("a.pdf")
    house.switch("off")
    house.switch("on")
    assert state_of(waiting) == ("cancelled", "switch_off")
    assert states(house.drop("b.pdf")) == ["pending"]


def test_a_switch_above_takes_over_what_waits_below(house: House) -> None:
    house.switch("on", MARCH)
    waiting = house.drop("a.pdf", MARCH)
    house.switch("on", ROOT)
    assert state_of(waiting) == ("pending", None)
    house.switch("off", ROOT)
    assert state_of(waiting) == ("cancelled", "switch_off")


def test_the_same_switch_twice_opens_no_second_period(house: House) -> None:
    house.switch("on")
    waiting = house.drop()
    house.switch("on")
    assert state_of(waiting) == ("pending", None)


def test_two_connections_on_one_folder_each_get_the_document(house: House) -> None:
    dext = house.connect("dext")
    house.switch("on")
    house.switch("on", connection=dext)
    assert states(house.drop()) == ["pending", "pending"]


def test_another_company_s_switch_does_not_matter(world: World, house: House) -> None:
    house.switch("on")
    assert states(house.drop(company=house.elm)) == []
    assert states(world.birch.drop()) == []


def test_a_refused_type_is_held_with_its_reason(house: House) -> None:
    house.switch("on")
    done = house.drop("liste.csv", content=b"a;b\n1;2\n")
    assert state_of(done) == ("held", "bad_type")


def test_a_file_too_big_for_the_tool_is_held_with_its_reason(house: House) -> None:
    house.switch("on")
    done = house.drop("gros.pdf", content=padded_pdf(14_000_001))
    assert state_of(done) == ("held", "too_big")
