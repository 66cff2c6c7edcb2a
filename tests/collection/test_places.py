"""The folder that mail goes to: never one of a wrong year, whatever people renamed."""

from datetime import date

import pytest
from flask import Flask

from app.collection.families import families_of
from app.collection.models import CollectionAddress
from app.collection.places import Place, places_of
from app.companies.opening import open_company, open_fiscal_year
from app.companies.years import open_year
from app.db import db, utc_now
from app.library.models import Folder
from app.library.moving import move_folder
from app.library.renaming import rename_folder
from app.library.trashing import restore_folder, trash_folder
from app.library.tree import by_path, plant, plant_year
from tests.cast import House, World
from tests.statements import statements_of

TOP = "Dossier comptable annuel"
ACHATS = f"{TOP}/Exercice 2026/Achats"


@pytest.fixture
def house(world: World) -> House:
    return world.alder


def place(
    house: House,
    prefix: str = "compta",
    day: date = date(2026, 11, 4),
    row: CollectionAddress | None = None,
) -> Place:
    db.session.flush()
    [found] = places_of(house.dune, [(prefix, row)], day)
    return found


def names(found: Place) -> str:
    return "/".join(folder.name for folder in found.way)


def year(house: House, first: date, last: date) -> Folder:
    folder = plant_year(house.dune, open_fiscal_year(house.dune, first, last))
    db.session.flush()
    return folder


def test_the_year_s_folder_is_known_when_it_is_called_otherwise(house: House) -> None:
    exercise = house.folder(f"{TOP}/Exercice 2026")
    wanted = house.folder(f"{ACHATS}/11 – Novembre")
    rename_folder(exercise, "Comptes de l'an dernier", by=house.admin)
    assert place(house).folder is wanted


def test_a_wrong_year_s_folder_is_not_taken_for_its_name(house: House) -> None:
    """Two whose names were swapped."""
    before = year(house, date(2025, 1, 1), date(2025, 12, 31))
    now = house.folder(f"{TOP}/Exercice 2026")
    rename_folder(now, "x", by=house.admin)
    rename_folder(before, "Exercice 2026", by=house.admin)
    rename_folder(now, "Exercice 2025", by=house.admin)
    assert now in place(house).way
    assert before in place(house, day=date(2025, 11, 4)).way


def test_two_years_that_end_in_one_are_told_apart(house: House) -> None:
    """A short year of nine months behind one that straddles two, renamed both."""
    house.dune = company = open_company(house.firm, "Neuve")
    plant(company)
    first = year(house, date(2025, 4, 1), date(2026, 3, 31))
    second = year(house, date(2026, 4, 1), date(2026, 12, 31))
    first.name = second.name = "Comptes"
    assert first in place(house, day=date(2026, 3, 31)).way
    assert second in place(house, day=date(2026, 4, 1)).way


def test_where_years_cannot_be_told_apart_it_is_to_be_sorted(house: House) -> None:
    """The older one was opened after the other, and one of the folders is gone."""
    house.dune = company = open_company(house.firm, "Neuve")
    plant(company)
    second = year(house, date(2026, 4, 1), date(2026, 12, 31))
    first = year(house, date(2025, 4, 1), date(2026, 3, 31))
    assert first in place(house, day=date(2026, 3, 31)).way
    assert second in place(house, day=date(2026, 4, 1)).way
    db.session.delete(first)
    found = place(house, day=date(2026, 3, 31))
    assert (names(found), found.warning) == ("À classer", "no_year_folder")
    assert second in place(house, day=date(2026, 4, 1)).way


@pytest.mark.parametrize(
    ("day", "month"),
    [
        (date(2026, 1, 31), "01 – Janvier"),
        (date(2026, 11, 30), "11 – Novembre"),
        (date(2026, 12, 1), "12 – Décembre"),
    ],
)
def test_the_month_is_that_of_the_day(house: House, day: date, month: str) -> None:
    assert names(place(house, day=day)) == f"{ACHATS}/{month}"


def test_a_month_is_known_when_it_is_called_otherwise(house: House) -> None:
    november = house.folder(f"{ACHATS}/11 – Novembre")
    december = house.folder(f"{ACHATS}/12 – Décembre")
    rename_folder(november, "nov", by=house.admin)
    rename_folder(december, "11 – Novembre", by=house.admin)
    assert place(house).folder is november


def test_where_a_month_is_missing_the_others_are_known_by_their_number(
    house: House,
) -> None:
    db.session.delete(house.folder(f"{ACHATS}/01 – Janvier"))
    assert names(place(house)) == f"{ACHATS}/11 – Novembre"
    assert names(place(house, day=date(2026, 1, 4))) == ACHATS


def test_a_long_year_has_two_januaries(house: House) -> None:
    house.dune = company = open_company(house.firm, "Neuve")
    plant(company)
    year(house, date(2026, 12, 1), date(2028, 2, 29))
    for day in (date(2027, 1, 9), date(2028, 1, 9)):
        assert place(house, day=day).way[-1].name == f"01 – Janvier {day.year}"


def test_a_month_in_the_trash_is_left_for_the_folder_above(house: House) -> None:
    trash_folder(house.folder(f"{ACHATS}/11 – Novembre"), by=house.admin)
    assert names(place(house)) == ACHATS


@pytest.mark.parametrize(
    ("path", "warning"),
    [
        (ACHATS, "no_folder"),
        (f"{TOP}/Exercice 2026", "no_year_folder"),
        (TOP, "no_year_folder"),
    ],
)
def test_what_is_in_the_trash_takes_no_mail_and_is_told(
    house: House, path: str, warning: str
) -> None:
    year(house, date(2027, 1, 1), date(2027, 12, 31))
    trashed = house.folder(path)
    trash_folder(trashed, by=house.admin)
    found = place(house)
    assert (names(found), found.warning) == ("À classer", warning)
    restore_folder(trashed, by=house.admin)
    assert place(house).warning == ""


def test_outside_every_fiscal_year_it_is_to_be_sorted_and_told(house: House) -> None:
    found = place(house, day=date(2031, 1, 4))
    assert (names(found), found.warning) == ("À classer", "no_year")


def test_without_an_inbox_there_is_nowhere(house: House) -> None:
    trash_folder(house.folder("À classer"), by=house.admin)
    found = place(house, day=date(2031, 1, 4))
    assert (found.folder, found.warning) == (None, "no_inbox")
    assert names(place(house)) == f"{ACHATS}/11 – Novembre"


def test_purchases_moved_out_of_their_year_take_no_other_year_s_mail(
    house: House,
) -> None:
    year(house, date(2027, 1, 1), date(2027, 12, 31))
    move_folder(house.folder(f"{TOP}/Exercice 2027/Achats"), None, by=house.admin)
    assert names(place(house)) == f"{ACHATS}/11 – Novembre"
    found = place(house, day=date(2027, 5, 4))
    assert (names(found), found.warning) == ("À classer", "no_folder")


def test_purchases_of_another_year_moved_in_come_after_the_year_s_own(
    house: House,
) -> None:
    exercise = house.folder(f"{TOP}/Exercice 2026")
    own = house.folder(ACHATS)
    year(house, date(2025, 1, 1), date(2025, 12, 31))
    other = house.folder(f"{TOP}/Exercice 2025/Achats")
    own.position = 5  # by its place alone the other one would be first
    move_folder(other, exercise, by=house.admin)
    assert own in place(house).way


def test_a_folder_chosen_by_hand_goes_before_the_rule(house: House) -> None:
    legal = house.folder("Juridique")
    row = CollectionAddress(
        firm_id=house.firm.id,
        company_id=house.dune.id,
        address="compta+x@mail.guichet.test",
        family="compta",
        folder_id=legal.id,
    )
    assert place(house, row=row).folder is legal
    trash_folder(legal, by=house.admin)
    found = place(house, row=row)
    assert found.warning == "chosen_gone"
    assert names(found) == f"{ACHATS}/11 – Novembre"


def test_another_company_s_folder_is_never_where_mail_goes(house: House) -> None:
    theirs = house.folder("Juridique", house.elm)
    row = CollectionAddress(
        firm_id=house.firm.id,
        company_id=house.dune.id,
        address="compta+x@mail.guichet.test",
        family="compta",
        folder_id=theirs.id,
    )
    found = place(house, row=row)
    assert (names(found), found.warning) == (f"{ACHATS}/11 – Novembre", "chosen_gone")


def test_all_addresses_of_a_company_cost_no_more_than_ten_looks(
    house: House, app: Flask
) -> None:
    open_year(house.dune, date(2027, 1, 1), date(2027, 12, 31), by=None)
    db.session.commit()
    wanted = [(f.prefix, None) for f in families_of(house.firm.id)]
    said = statements_of(lambda: places_of(house.dune, wanted, utc_now().date()))
    assert len(said) <= 8
    assert by_path(house.dune, f"{TOP}/Exercice 2027")
