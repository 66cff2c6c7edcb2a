"""A folder as a list or as a grid: the same rows, and a small picture of each."""

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app.db import db
from app.library.models import Version
from app.pages import making
from tests.cast import Browser, House, World, signed_in
from tests.statements import statements_of


@pytest.fixture
def house(world: World) -> House:
    return world.alder


def folder(house: House) -> str:
    return f"/companies/{house.dune.slug}/folders/{house.folder().id}"


def choose(browser: Browser, house: House, view: str, **fields: str) -> str:
    answer = browser.post(f"{folder(house)}/view", data={"view": view, **fields})
    assert answer.status_code == 303
    return str(answer.location)


def shown(browser: Browser, url: str) -> BeautifulSoup:
    return BeautifulSoup(browser.get(url).text, "html.parser")


@pytest.mark.parametrize("who", ["staff", "manager"])
def test_a_grid_holds_the_rows_of_the_list_each_with_its_picture(
    app: Flask, house: House, who: str
) -> None:
    done = house.drop()
    house.drop("Notes.txt", content=b"abc")
    somebody = signed_in(app, getattr(house, who))
    before = shown(somebody, folder(house))
    assert not before.select(".is-grid, .thumb")
    page = shown(somebody, choose(somebody, house, "grid"))
    assert page.select_one("table.is-grid")
    ids = [row["id"] for row in page.select("tr[data-document]")]
    assert ids == [row["id"] for row in before.select("tr[data-document]")]
    [picture] = page.select(".thumb img")
    assert picture["loading"] == "lazy"
    assert str(picture["src"]).startswith(f"/documents/{done.document.id}/thumbnail")
    for part in ("[data-choosable] input[name=id]", "[data-acts]"):
        assert len(page.select(part)) == len(before.select(part)) > 0
    again = shown(somebody, choose(somebody, house, "list"))
    assert not again.select(".is-grid, .thumb")


def test_the_view_is_kept_for_the_person_in_every_folder_and_browser(
    app: Flask, house: House
) -> None:
    house.drop()
    house.drop("Elm.pdf", company=house.elm)
    choose(signed_in(app, house.admin), house, "grid")
    elsewhere = signed_in(app, house.admin)
    other = f"/companies/{house.elm.slug}/folders/{house.folder(company=house.elm).id}"
    assert shown(elsewhere, other).select(".is-grid")
    assert not shown(signed_in(app, house.staff), folder(house)).select(".is-grid")


def test_the_order_of_the_page_stays(app: Flask, house: House) -> None:
    ada = signed_in(app, house.admin)
    assert choose(ada, house, "grid", sort="name").endswith("?sort=name")
    url = f"{folder(house)}/view"
    assert ada.post(url, data={"view": "cinema"}).status_code == 400


def test_a_grid_asks_the_database_no_more_than_a_list(app: Flask, house: House) -> None:
    house.drop()
    ada = signed_in(app, house.admin)
    ada.get(folder(house))
    few = len(statements_of(lambda: ada.get(folder(house))))
    choose(ada, house, "grid")
    for number in range(4):
        house.drop(f"{number}.pdf")
    assert len(statements_of(lambda: ada.get(folder(house)))) == few


def test_a_small_picture_comes_once_it_was_made(app: Flask, house: House) -> None:
    done = house.drop()
    url = f"/documents/{done.document.id}/thumbnail.webp?v=1"
    dora = signed_in(app, house.manager)
    assert dora.get(url).status_code == 204
    version = db.session.query(Version).filter_by(document_id=done.document.id).one()
    while making.make_some(version.id) is not None:
        pass
    answer = dora.get(url)
    assert answer.status_code == 200
    assert answer.mimetype == "image/webp"
    etag = answer.headers["ETag"]
    assert dora.get(url, headers={"If-None-Match": etag}).status_code == 304
    assert signed_in(app, house.other_client).get(url).status_code == 404


def test_what_can_never_be_shown_has_no_picture_and_asks_for_none(
    app: Flask, house: House
) -> None:
    done = house.drop("Notes.txt", content=b"abc")
    ada = signed_in(app, house.admin)
    answer = ada.get(f"/documents/{done.document.id}/thumbnail.webp")
    assert answer.status_code == 204
