"""Filters saved under a name: applied, renamed, deleted; each person's own."""

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select

from app.db import db
from app.filters import keeping
from app.filters.models import SavedFilter
from tests.cast import Browser, House, World, signed_in


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def ada(app: Flask, house: House) -> Browser:
    return signed_in(app, house.admin)


def save(browser: Browser, name: str, query: str, page: str = "search") -> str:
    """Where it leads to."""
    data = {"page": page, "name": name, "query": query}
    answer = browser.post("/filters", data=data)
    assert answer.status_code == 303, answer.status_code
    return str(answer.location)


def links(browser: Browser, path: str) -> dict[str, str]:
    """By name, those that the page offers."""
    soup = BeautifulSoup(browser.get(path).text, "html.parser")
    return {one.text: str(one["href"]) for one in soup.select(".saved .pill")}


def current(browser: Browser, path: str) -> list[str]:
    soup = BeautifulSoup(browser.get(path).text, "html.parser")
    return [one.text for one in soup.select(".saved .pill[aria-current]")]


def saved() -> list[str]:
    wanted = select(SavedFilter.name).order_by(SavedFilter.name)
    return list(db.session.scalars(wanted))


def test_a_saved_filter_asks_the_page_for_the_same_again(
    house: House, ada: Browser
) -> None:
    house.drop("Facture été.pdf")
    asked = "q=facture+%C3%A9t%C3%A9&status=received&since=2026-01-01&after=&x=1"
    where = save(ada, "À voir", asked)
    url = links(ada, "/search")["À voir"]
    page = ada.get(url).text
    assert "Facture" in page
    assert "2026-01-01" in page
    assert 'value="received" selected' in " ".join(page.split())
    assert "x=1" not in url
    assert current(ada, where) == current(ada, url) == ["À voir"]
    assert current(ada, "/search?q=facture") == []


def test_the_desk_has_filters_of_its_own(house: House, ada: Browser) -> None:
    save(ada, "Bloqués", "show=todo&q=dune", page="desk")
    [(name, url)] = links(ada, "/").items()
    assert name == "Bloqués"
    assert current(ada, url) == ["Bloqués"]
    assert links(ada, "/search") == {}


def test_a_filter_belongs_to_its_person_alone(
    app: Flask, house: House, ada: Browser
) -> None:
    save(ada, "À moi", "q=x")
    [kept] = db.session.scalars(select(SavedFilter))
    ben = signed_in(app, house.staff)
    assert links(ben, "/search") == {}
    assert ben.post(f"/filters/{kept.id}/delete").status_code == 404
    assert ben.post(f"/filters/{kept.id}/rename", data={"name": "b"}).status_code == 404
    assert saved() == ["À moi"]
    save(ben, "À moi", "q=y")  # the same name is another person's matter
    assert saved() == ["À moi", "À moi"]


def test_a_client_has_filters_of_the_search_and_none_of_the_desk(
    app: Flask, house: House
) -> None:
    dora = signed_in(app, house.manager)
    data = {"page": "desk", "name": "x", "query": "show=todo"}
    assert dora.post("/filters", data=data).status_code == 404
    save(dora, "Envoyés", "q=a&status=to-sent")  # of a status that clients do not have
    assert links(dora, "/search")["Envoyés"].endswith("?q=a")


def test_a_filter_is_renamed_and_deleted_and_brought_back(ada: Browser) -> None:
    save(ada, "Un", "q=x")
    save(ada, "Deux", "q=y")
    [kept] = db.session.scalars(select(SavedFilter).where(SavedFilter.name == "Un"))
    rename = f"/filters/{kept.id}/rename"
    assert ada.post(rename, data={"name": "  Trois "}).status_code == 303
    assert saved() == ["Deux", "Trois"]
    for wrong in ("", " ", "deux", "x" * 61):
        answer = ada.post(rename, data={"name": wrong})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert saved() == ["Deux", "Trois"]
    assert ada.post(f"/filters/{kept.id}/delete").status_code == 303
    assert saved() == ["Deux"]
    undo = BeautifulSoup(ada.get("/filters").text, "html.parser").select_one(
        "#messages form"
    )
    assert undo
    fields = {one["name"]: one["value"] for one in undo.select("input[name]")}
    ada.post(str(undo["action"]), data=fields)
    assert links(ada, "/search")["Trois"].endswith("?q=x")


def test_what_cannot_be_saved_is_told_on_the_page(ada: Browser) -> None:
    for name, query in (("", "q=x"), ("Rien", ""), ("Rien", "q="), ("x" * 61, "q=x")):
        where = save(ada, name, query)
        assert "toast" in ada.get(where).text
        assert saved() == []
    save(ada, "Un", "q=x")
    save(ada, "un", "q=y")
    assert saved() == ["Un"]
    answer = ada.post("/filters", data={"page": "x", "name": "x", "query": "q=x"})
    assert answer.status_code == 404


def test_a_name_that_one_of_theirs_has_is_refused(ada: Browser) -> None:
    for name in ("Mes factures", "mes factures", "Mes factures"):
        save(ada, name, "q=facture")
    save(ada, "Avoirs", "q=avoir")
    wanted = select(SavedFilter.id).where(SavedFilter.name == "Avoirs")
    avoirs = db.session.scalars(wanted).one()
    for name in ("Mes factures", "MES FACTURES"):
        answer = ada.post(f"/filters/{avoirs}/rename", data={"name": name})
        assert answer.status_code == 422
        assert "Vous avez déjà un filtre de ce nom" in answer.text
    assert saved() == ["Avoirs", "Mes factures"]


def test_a_person_keeps_only_so_many_for_a_page(house: House, ada: Browser) -> None:
    for number in range(keeping.MOST):
        keeping.save(house.admin, "search", f"n{number}", {"q": "x"})
    db.session.commit()
    save(ada, "de trop", "q=x")
    assert len(saved()) == keeping.MOST
    save(ada, "autre page", "q=x", page="desk")
    assert len(saved()) == keeping.MOST + 1


@pytest.mark.parametrize("query", ["&" * 5000, "q=%00%ff", "a=1&" * 100, "_external=1"])
def test_a_query_that_nobody_asks_breaks_nothing(ada: Browser, query: str) -> None:
    where = save(ada, "x", query)
    assert ada.get(where).status_code == 200
