"""The quick deposits of a client's home lead to the right folder of the right year."""

import uuid
from datetime import date

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select

from app.companies.models import Company
from app.companies.opening import open_company, open_fiscal_year
from app.db import db
from app.firms import home
from app.library.models import Folder
from app.library.tree import chain, plant, plant_year
from app.people.models import Membership
from tests.cast import Browser, House, World, signed_in
from tests.library.test_sharing import kept, share


@pytest.fixture
def house(world: World) -> House:
    return world.alder


def company_with(house: House, *years: tuple[date, date]) -> Company:
    """Of the manager, with these fiscal years in the order that they were opened."""
    company = open_company(house.firm, "Zèbre")
    plant(company)
    for first, last in years:
        plant_year(company, open_fiscal_year(company, first, last))
        db.session.commit()
    db.session.add(
        Membership(
            firm_id=house.firm.id,
            person_id=house.manager.id,
            company_id=company.id,
            role="company_manager",
        )
    )
    db.session.commit()
    return company


def ways(browser: Browser, company: Company) -> dict[str, list[str]]:
    """Where each quick deposit of the company leads: the names of folders, from the
    second on."""
    page = browser.get(f"/?company={company.slug}")
    found = {}
    for one in BeautifulSoup(page.text, "html.parser").select(".quick-text > a"):
        folder_id = uuid.UUID(str(one["href"]).rpartition("/")[2])
        path = chain(folder_id, company.id)
        found[one.text] = [folder.name for folder in path[1:]]
    return found


LONG = (date(2026, 1, 1), date(2027, 6, 30))
PLAIN = (date(2026, 1, 1), date(2026, 12, 31))
NEXT = (date(2027, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize(
    ("years", "day", "expected"),
    [
        ([LONG], date(2026, 1, 15), ["Exercice 2026-2027", "01 – Janvier 2026"]),
        ([LONG], date(2027, 1, 15), ["Exercice 2026-2027", "01 – Janvier 2027"]),
        ([LONG], date(2026, 11, 3), ["Exercice 2026-2027", "11 – Novembre 2026"]),
        ([PLAIN], date(2026, 1, 15), ["Exercice 2026", "01 – Janvier"]),
        # The next year was opened ahead; an old one afterwards.
        ([PLAIN, NEXT], date(2026, 12, 31), ["Exercice 2026", "12 – Décembre"]),
        ([PLAIN, NEXT], date(2027, 1, 1), ["Exercice 2027", "01 – Janvier"]),
        ([NEXT, PLAIN], date(2027, 1, 1), ["Exercice 2027", "01 – Janvier"]),
        # Nobody has opened the year yet: January of last year is the wrong one.
        ([PLAIN], date(2027, 1, 15), ["Exercice 2026"]),
    ],
)
def test_the_month_is_that_of_the_fiscal_year_under_way(
    app: Flask,
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    years: list[tuple[date, date]],
    day: date,
    expected: list[str],
) -> None:
    company = company_with(house, *years)
    monkeypatch.setattr(home, "today", lambda: day)
    found = ways(signed_in(app, house.manager), company)["Achats"]
    assert [name for name in found if name != "Achats"] == expected


def test_of_two_years_that_end_in_one_the_one_under_way_is_taken(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = company_with(
        house,
        (date(2026, 1, 1), date(2026, 6, 30)),
        (date(2026, 7, 1), date(2026, 12, 31)),
    )
    dora = signed_in(app, house.manager)
    for day, name in (
        (date(2026, 3, 1), "Exercice 2026"),
        (date(2026, 9, 1), "Exercice 2026 (au 31-12-2026)"),
    ):
        monkeypatch.setattr(home, "today", lambda day=day: day)
        assert ways(dora, company)["Achats"][0] == name


def test_home_and_share_sheet_mean_the_same_inbox(app: Flask, house: House) -> None:
    [inbox] = db.session.scalars(
        select(Folder).where(Folder.company_id == house.dune.id, Folder.kind == "inbox")
    )
    db.session.add(
        Folder(
            firm_id=house.firm.id,
            company_id=house.dune.id,
            parent_id=inbox.parent_id,
            name="Autre",
            kind="inbox",
            position=inbox.position + 1,
        )
    )
    db.session.commit()
    dora = signed_in(app, house.manager)
    assert str(inbox.id) in dora.get("/").text
    share(dora)
    assert {kind for _name, kind, _channel in kept()} == {"inbox"}
    assert "À classer" in ways(dora, house.dune)
    assert "Autre" not in ways(dora, house.dune)


def test_a_folder_that_is_closed_to_clients_is_no_quick_deposit(
    app: Flask, house: House
) -> None:
    dora = signed_in(app, house.manager)
    assert "Achats" in ways(dora, house.dune)
    house.folder("Dossier comptable annuel").visibility = "firm_only"
    db.session.commit()
    assert "Achats" not in ways(dora, house.dune)
    [inbox] = db.session.scalars(
        select(Folder).where(Folder.company_id == house.dune.id, Folder.kind == "inbox")
    )
    inbox.visibility = "read_only"
    db.session.commit()
    assert ways(dora, house.dune) == {}
