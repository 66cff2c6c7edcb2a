"""Description and piece number: the firm's to write, the client's to read."""

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app.library.deposit import Deposited
from tests.cast import Browser, House, World, signed_in
from tests.delivery.world import document_of, verbs_of


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def staff(app: Flask, house: House) -> Browser:
    return signed_in(app, house.staff)


def fields(browser: Browser, done: Deposited) -> dict[str, str]:
    """Of the form as that person has it open."""
    page = browser.get(f"/documents/{done.document.id}/describe").text
    return fields_of(page)


def fields_of(page: str) -> dict[str, str]:
    soup = BeautifulSoup(page, "html.parser")
    [form] = [f for f in soup.select("main form") if f.select_one("textarea")]
    found = {str(f["name"]): str(f["value"]) for f in form.select("input")}
    area = form.select_one("textarea")
    assert area
    return found | {"description": area.text.strip("\n")}


def test_the_firm_writes_and_the_client_reads(
    app: Flask, staff: Browser, house: House
) -> None:
    done = house.drop()
    url = f"/documents/{done.document.id}"
    typed = fields(staff, done) | {
        "description": "Atelier\r\nlot 2 ",
        "piece_number": " AC  1042",
    }
    assert staff.post(f"{url}/describe", data=typed).status_code == 303
    document = document_of(done)
    assert (document.description, document.piece_number) == (
        "Atelier\nlot 2",
        "AC 1042",
    )
    assert verbs_of(done) == ["deposited", "described"]
    client = signed_in(app, house.manager)
    page = client.get(url).text
    assert "AC 1042" in page
    assert "lot 2" in page
    assert "/describe" not in page
    assert client.get(f"{url}/describe").status_code == 404
    assert client.post(f"{url}/describe", data=typed).status_code == 404


def test_of_two_tabs_the_second_is_told_with_both_texts_and_wins_when_it_insists(
    app: Flask, staff: Browser, house: House
) -> None:
    done = house.drop()
    url = f"/documents/{done.document.id}/describe"
    admin = signed_in(app, house.admin)
    first, second = fields(staff, done), fields(admin, done)
    staff.post(url, data=first | {"description": "La leur"})
    answer = admin.post(url, data=second | {"description": "La mienne"})
    assert answer.status_code == 409
    assert "La leur" in answer.text
    again = fields_of(answer.text)
    assert again["description"] == "La mienne"
    assert document_of(done).description == "La leur"
    assert admin.post(url, data=again).status_code == 303
    assert document_of(done).description == "La mienne"


def test_the_same_words_twice_are_no_conflict_and_no_line(
    staff: Browser, house: House
) -> None:
    done = house.drop()
    url = f"/documents/{done.document.id}/describe"
    typed = fields(staff, done) | {"description": "Même"}
    assert staff.post(url, data=typed).status_code == 303
    assert staff.post(url, data=typed).status_code == 303
    assert verbs_of(done) == ["deposited", "described"]


@pytest.mark.parametrize(
    ("field", "most"), [("description", 2000), ("piece_number", 50)]
)
def test_what_is_too_long_is_told_and_kept(
    staff: Browser, house: House, field: str, most: int
) -> None:
    done = house.drop()
    url = f"/documents/{done.document.id}/describe"
    typed = fields(staff, done) | {field: "x" * (most + 1)}
    answer = staff.post(url, data=typed)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert fields_of(answer.text)[field] == typed[field]
    assert staff.post(url, data=typed | {field: "x" * most}).status_code == 303
