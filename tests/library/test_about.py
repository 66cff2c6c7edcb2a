"""What stands beside a folder: its address, who sees it, what happened there."""

from datetime import UTC, datetime

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app.db import db
from tests.cast import PURCHASES, Browser, House, World, signed_in
from tests.statements import statements_of

IN_FEBRUARY = datetime(2026, 2, 10, 9, tzinfo=UTC)


@pytest.fixture
def house(world: World, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr("app.collection.for_clients.utc_now", lambda: IN_FEBRUARY)
    return world.alder


def about(browser: Browser, house: House, path: str) -> BeautifulSoup:
    url = f"/companies/{house.dune.slug}/folders/{house.folder(path).id}/about"
    answer = browser.get(url, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return BeautifulSoup(answer.text, "html.parser")


def told(browser: Browser, house: House, path: str) -> tuple[str, str]:
    """The address, and what is said of it."""
    part = about(browser, house, path).select_one(".about-mail")
    if part is None:
        return "", ""
    address = part.select_one(".mono")
    assert address
    return address.text, " ".join(part.select("p")[-1].text.split())


def test_a_folder_tells_the_address_whose_mail_is_filed_there(
    app: Flask, house: House
) -> None:
    dora = signed_in(app, house.manager)
    address, text = told(dora, house, f"{PURCHASES}/02 – Février")
    assert address.startswith(f"compta+{house.dune.slug}@")
    assert "ici" in text
    former, text = told(dora, house, f"{PURCHASES}/01 – Janvier")
    assert (former, "02 – Février" in text) == (address, True)
    assert told(dora, house, PURCHASES)[0] == address
    assert told(dora, house, "À classer")[0].startswith("a-classer+")
    assert told(dora, house, "Juridique") == ("", "")


def test_a_client_is_told_of_the_address_alone(app: Flask, house: House) -> None:
    house.drop("a.pdf")
    seen = about(signed_in(app, house.manager), house, PURCHASES)
    assert not seen.select(".about-seen, .about-lately")
    assert "Eli" not in seen.text


def test_the_firm_sees_who_of_the_client_sees_the_folder(
    app: Flask, house: House
) -> None:
    ben = signed_in(app, house.admin)

    def seen(path: str) -> str:
        part = about(ben, house, path).select_one(".about-seen")
        return " ".join(part.text.split()) if part else ""

    assert "2 personnes" in seen(PURCHASES)
    assert "1 personne" in seen("Social")  # a user sees no wages
    assert "Personne chez le client" in seen("Cabinet")


def test_the_firm_sees_what_happened_in_this_folder_alone(
    app: Flask, house: House
) -> None:
    house.drop("a.pdf")
    house.drop("b.pdf", path="Juridique")
    house.drop("c.pdf", path="Juridique")
    ada = signed_in(app, house.admin)
    assert "a déposé 1 document" in about(ada, house, PURCHASES).text
    assert "a déposé 2 documents" in about(ada, house, "Juridique").text
    assert not about(ada, house, "Administratif").select(".about-lately")


def test_it_belongs_to_a_page_and_is_none(app: Flask, house: House) -> None:
    folder = house.folder(PURCHASES)
    url = f"/companies/{house.dune.slug}/folders/{folder.id}"
    answer = signed_in(app, house.manager).get(f"{url}/about")
    assert (answer.status_code, answer.location) == (302, url)


def test_it_asks_the_same_however_much_there_is(app: Flask, house: House) -> None:
    ada = signed_in(app, house.admin)
    about(ada, house, PURCHASES)
    house.drop("first.pdf")
    db.session.expire_all()
    few = len(statements_of(lambda: about(ada, house, PURCHASES)))
    for number in range(20):
        house.drop(f"{number}.pdf")
    db.session.expire_all()
    assert len(statements_of(lambda: about(ada, house, PURCHASES))) <= few
