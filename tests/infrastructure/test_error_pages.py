"""What a page says when it cannot be shown: what happened, what is safe, what to do."""

import uuid
from typing import NoReturn

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup, Tag
from flask import Flask
from werkzeug.exceptions import TooManyRequests

from app.db import db
from app.policy import open_to
from tests.cast import World, browser_at, signed_in


def broken(*_args: object, **_kwargs: object) -> NoReturn:
    raise RuntimeError("canary of the fault")


@pytest.fixture
def as_in_production(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setitem(app.config, "TESTING", False)


def main(html: str) -> Tag:
    found = BeautifulSoup(html, "html.parser").select_one("main")
    assert found
    return found


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/documents/{id}", "Ce document n’est plus à cet endroit"),
        ("/companies/dune/folders/{id}", "Ce dossier n’est plus à cet endroit"),
        ("/nowhere", "Cette page est introuvable"),
    ],
)
def test_what_is_gone_is_looked_for_by_its_name(
    app: Flask, world: World, path: str, title: str
) -> None:
    paul = signed_in(app, world.alder.manager)
    answer = paul.get(path.format(id=uuid.uuid4()))
    assert answer.status_code == 404
    page = main(answer.text)
    assert page.h1
    assert page.h1.text == title
    assert page.select_one("form[role=search][action='/search'] input[name=q]")
    home = page.select_one("a.button")
    assert home
    assert home["href"] == "/"


def test_a_stranger_is_offered_no_search(app: Flask, world: World) -> None:
    answer = browser_at(app, world.alder.firm).get("/nowhere")
    assert answer.status_code == 404
    assert not main(answer.text).select("form")


def test_a_fault_offers_another_try_and_what_to_tell_the_firm(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, as_in_production: None
) -> None:
    paul = signed_in(app, world.alder.manager)
    monkeypatch.setattr("app.library.routes.navigation.tree", broken)
    path = f"/companies/{world.alder.dune.slug}?sort=name"
    page = main(paul.get(path).text)
    again = page.select_one("a.button-primary")
    assert again
    assert again["href"] == path
    assert again.text.strip() == "Réessayer"
    told = page.select_one(".notice-reference")
    assert told
    assert "à donner à votre cabinet" in told.text


def test_a_fault_in_what_was_sent_is_not_tried_again_by_a_link(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, as_in_production: None
) -> None:
    ada = signed_in(app, world.alder.admin)
    monkeypatch.setattr("app.library.folder_routes.make_folder", broken)
    where = f"/companies/{world.alder.dune.slug}/folders"
    page = main(ada.post(where, data={"name": "Neuf", "parent": ""}).text)
    assert [a["href"] for a in page.select("a.button")] == ["/"]


def test_a_fault_of_the_database_writes_nothing_of_a_client_to_the_log(
    app: Flask,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    as_in_production: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refused(*_args: object, **_kwargs: object) -> NoReturn:
        given = {"email": "canary@client.example"}
        db.session.execute(sa.text("INSERT INTO nowhere VALUES (:email)"), given)
        raise AssertionError("it is a table that there is not")

    ada = signed_in(app, world.alder.admin)
    monkeypatch.setattr("app.library.folder_routes.make_folder", refused)
    where = f"/companies/{world.alder.dune.slug}/folders"
    ada.post(where, data={"name": "Neuf", "parent": ""})
    assert "INSERT INTO nowhere" in caplog.text
    assert "canary" not in caplog.text


def test_an_act_on_what_is_gone_is_told_what_is_gone(app: Flask, world: World) -> None:
    paul = signed_in(app, world.alder.manager)
    path = f"/documents/{uuid.uuid4()}/comments"
    page = main(paul.post(path, data={"text": "Bonjour"}).text)
    assert page.h1
    assert page.h1.text == "Ce document n’est plus à cet endroit"
    told = paul.post(path, data={"text": "Bonjour"}, headers={"HX-Request": "true"})
    assert told.status_code == 404
    assert "Ce document n’est plus à cet endroit. Il a été" in told.text


def test_too_many_attempts_are_told_once_and_until_when(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy() -> NoReturn:
        raise TooManyRequests

    paul = signed_in(app, world.alder.manager)
    monkeypatch.setitem(app.view_functions, "search.index", open_to("everyone")(busy))
    page = main(paul.get("/search").text)
    assert page.text.count("Trop d’essais") == 1
    assert "Réessayez dans 15 minutes." in page.text
    told = paul.get("/search", headers={"HX-Request": "true"}).text
    assert "Trop d’essais. Réessayez dans 15 minutes." in told


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_fault_is_told_once(
    app: Flask,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    as_in_production: None,
    method: str,
) -> None:
    ada = signed_in(app, world.alder.admin)
    monkeypatch.setitem(
        app.view_functions, "people.preferences", open_to("everyone")(broken)
    )
    monkeypatch.setitem(app.view_functions, "search.index", open_to("everyone")(broken))
    path = "/search" if method == "get" else "/preferences"
    for headers in ({}, {"HX-Request": "true"}):
        told = getattr(ada, method)(path, headers=headers)
        assert told.status_code == 500
        shown = BeautifulSoup(told.text, "html.parser")
        part = shown.select_one("main") or shown
        assert part.text.count("problème de notre côté") == 1


def test_a_page_of_the_firm_does_not_tell_a_client_that_the_document_is_gone(
    app: Flask, world: World
) -> None:
    paul = signed_in(app, world.alder.manager)
    page = main(paul.get(f"/documents/{uuid.uuid4()}/refuse").text)
    assert page.h1
    assert page.h1.text == "Cette page est introuvable"
