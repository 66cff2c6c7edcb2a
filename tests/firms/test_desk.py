"""The firm's desk: those that need somebody first, found by name, and what happened."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select

from app.activity.models import Entry
from app.db import db, utc_now
from app.delivery.models import Delivery
from app.people.models import Membership
from tests.cast import Browser, House, World, signed_in
from tests.statements import statements_of

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def house(world: World) -> House:
    house = world.alder
    house.dune.name, house.dune.siren = "Hôtel de l’Œuvre", "732829320"
    house.elm.name, house.elm.siren = "Atelier Zed", "404833048"
    db.session.commit()
    return house


@pytest.fixture
def ada(app: Flask, house: House) -> Browser:
    return signed_in(app, house.admin)


def lines(browser: Browser, query: str = "") -> list[str]:
    """The companies of the table, in its order."""
    page = browser.get(f"/?{query}", headers={"HX-Request": "true"}).text
    found = [(page.find(name), name) for name in ("Œuvre", "Zed", "Birch")]
    return [name for at, name in sorted(found) if at >= 0]


def test_the_desk_says_what_day_it_is(ada: Browser) -> None:
    lead = BeautifulSoup(ada.get("/").text, "html.parser").select_one(".page-lead")
    today = utc_now().astimezone(PARIS)
    assert lead
    assert str(today.day) in lead.text
    assert lead.text.endswith(str(today.year))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Zed", "Œuvre"]),
        ("q=hotel de l'oeuvre", ["Œuvre"]),
        ("q=ATELIER", ["Zed"]),
        ("q=732 829", ["Œuvre"]),
        ("q=4048", ["Zed"]),
        ("q=%25", []),
        ("q=%00", []),
        ("show=todo", []),
        ("show=nonsense", ["Zed", "Œuvre"]),
    ],
)
def test_a_company_is_found_by_name_or_siren(
    ada: Browser, query: str, expected: list[str]
) -> None:
    assert lines(ada, query) == expected


def test_those_with_something_blocked_come_first(house: House, ada: Browser) -> None:
    house.switch("on")
    [delivery] = house.drop().deliveries
    db.session.get_one(Delivery, delivery.id).state = "failed"
    db.session.commit()
    assert lines(ada) == ["Œuvre", "Zed"]
    assert lines(ada, "show=todo") == ["Œuvre"]


def test_its_figures_lead_to_what_they_count(house: House, ada: Browser) -> None:
    house.switch("on")
    for number in range(3):
        [delivery] = house.drop(f"{number}.pdf").deliveries
        if number:
            db.session.get_one(Delivery, delivery.id).state = "failed"
    db.session.commit()
    soup = BeautifulSoup(ada.get("/").text, "html.parser")
    waiting, blocked = (str(one["href"]) for one in soup.select(".figure-note a"))
    assert "1 envoi" in told(ada, waiting)
    assert "2 envois" in told(ada, blocked)


def told(browser: Browser, path: str) -> str:
    soup = BeautifulSoup(browser.get(path).text, "html.parser")
    [count] = soup.select(".journal-bar p")
    return " ".join(count.text.split())


def test_one_s_own_companies_are_those_assigned(house: House, ada: Browser) -> None:
    assert lines(ada, "show=mine") == []
    db.session.add(
        Membership(
            firm_id=house.firm.id,
            person_id=house.admin.id,
            company_id=house.elm.id,
            role="staff",
        )
    )
    db.session.commit()
    assert lines(ada, "show=mine") == ["Zed"]
    assert house.admin.name in ada.get("/").text


def test_staff_find_only_the_companies_they_follow(app: Flask, house: House) -> None:
    house.staff.sees_all_companies = False
    db.session.commit()
    ben = signed_in(app, house.staff)
    assert "Zed" not in ben.get("/?q=zed").text.replace('value="zed"', "")


def test_what_one_person_did_again_and_again_is_one_line(
    house: House, ada: Browser
) -> None:
    for number in range(3):
        house.drop(f"{number}.pdf")
    page = ada.get("/").text
    assert "a déposé 3 documents" in page
    for entry in db.session.scalars(select(Entry)):
        entry.at = utc_now() - timedelta(days=8)
    db.session.commit()
    assert "a déposé" not in ada.get("/").text


def test_the_desk_costs_the_same_however_many_companies_there_are(
    house: House, ada: Browser
) -> None:
    house.drop()
    few = len(statements_of(lambda: ada.get("/")))
    for number in range(5):
        house.drop(f"{number}.pdf", company=house.elm)
    assert len(statements_of(lambda: ada.get("/"))) == few


def test_a_client_has_no_such_page(app: Flask, house: House) -> None:
    page = signed_in(app, house.manager).get("/").text
    assert "desk-lines" not in page
