"""The link of an invitation: for one person, for once, for seven days."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.companies.managers import Manager, make_manager
from app.db import db, utc_now
from app.notices.models import Notice
from app.people import inviting
from app.people.models import Person
from tests.cast import Browser, World, browser_at, csrf_token, signed_in

PASSWORD = "three words of mine"


@pytest.fixture
def link(app: Flask, world: World) -> str:
    """The path of Zoé's, as her mail has it."""
    with app.test_request_context():
        make_manager(
            world.alder.dune,
            Manager("Zoé Brun", "zoe@brun.test"),
            by=world.alder.admin,
            invites=True,
        )
    db.session.commit()
    return path_in(db.session.scalars(select(Notice)).one())


def path_in(notice: Notice) -> str:
    found = re.search(r"http://alder\.guichet\.test(/welcome/\S+)", notice.text)
    assert found, notice.text
    return found[1]


def zoe() -> Person:
    db.session.expire_all()
    return db.session.scalars(
        select(Person).where(Person.email == "zoe@brun.test")
    ).one()


def stranger(app: Flask, world: World) -> Browser:
    browser = browser_at(app, world.alder.firm)
    browser.token = csrf_token(browser)
    return browser


def chosen(browser: Browser, link: str, password: str = PASSWORD):  # type: ignore[no-untyped-def]
    return browser.post(link, data={"password": password, "again": password})


def test_the_link_sets_a_password_and_opens_the_door(
    app: Flask, world: World, link: str
) -> None:
    browser = stranger(app, world)
    page = browser.get(link)
    assert page.status_code == 200
    assert "Zoé" in page.text
    assert "Cabinet Alder" in page.text
    assert chosen(browser, link).location == "/"
    assert "Dune Alder" in browser.get("/").text
    form = {"email": "zoe@brun.test", "password": PASSWORD}
    assert stranger(app, world).post("/login", data=form).status_code == 303


def test_a_link_that_was_used_says_so_and_changes_nothing(
    app: Flask, world: World, link: str
) -> None:
    chosen(stranger(app, world), link)
    before = zoe().password_hash
    for answer in (
        stranger(app, world).get(link),
        chosen(stranger(app, world), link, "somebody else's words"),
    ):
        assert answer.status_code == 410
        assert "déjà servi" in answer.text or "used already" in answer.text
    assert zoe().password_hash == before


def test_a_newer_invitation_is_the_one_that_is_good(
    app: Flask, world: World, link: str
) -> None:
    ada = signed_in(app, world.alder.admin)
    ada.post(f"/companies/dune-alder/invitations/{zoe().id}")
    newest = db.session.scalars(select(Notice).order_by(Notice.id.desc())).first()
    assert newest
    for answer in (
        stranger(app, world).get(link),
        chosen(stranger(app, world), link, "somebody else's words"),
    ):
        assert answer.status_code == 410
        assert "plus valable" in answer.text
    assert zoe().password_hash is None
    assert chosen(stranger(app, world), path_in(newest)).location == "/"
    assert "déjà servi" in stranger(app, world).get(link).text


def test_a_link_is_void_once_the_address_that_it_was_sent_to_is_another(
    app: Flask, world: World, link: str
) -> None:
    zoe().email = "zoe@autre.test"
    db.session.commit()
    assert stranger(app, world).get(link).status_code == 410


def test_of_an_invitation_nothing_is_stored_that_opens_the_door(
    app: Flask, world: World, link: str
) -> None:
    stored = zoe().invitation_sha256
    assert stored
    assert len(stored) == 64
    assert stored not in link
    chosen(stranger(app, world), link)
    assert zoe().invitation_sha256 is None


def test_a_link_of_eight_days_ago_says_so(
    app: Flask, world: World, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inviting, "LIFETIME", timedelta(seconds=-1))
    answer = stranger(app, world).get(link)
    assert answer.status_code == 410
    assert "7 jours" in answer.text or "7 days" in answer.text
    assert chosen(stranger(app, world), link).status_code == 410
    assert zoe().password_hash is None


@pytest.mark.parametrize("change", ["x", "-", "."])
def test_a_link_that_was_altered_says_so(
    app: Flask, world: World, link: str, change: str
) -> None:
    at = len("/welcome/") + 5
    altered = link[:at] + change + link[at + 1 :]
    for path in (altered, link[:-1], "/welcome/nothing"):
        assert stranger(app, world).get(path).status_code == 404
        assert chosen(stranger(app, world), path).status_code == 404
    assert zoe().password_hash is None


def test_a_link_opens_nothing_at_another_firm(
    app: Flask, world: World, link: str
) -> None:
    browser = browser_at(app, world.birch.firm)
    answer = browser.get(link)
    assert answer.status_code == 404
    assert "Zoé" not in answer.text


def test_a_link_of_somebody_whose_account_is_closed_opens_nothing(
    app: Flask, world: World, link: str
) -> None:
    zoe().disabled_at = utc_now()
    db.session.commit()
    assert stranger(app, world).get(link).status_code == 404


@pytest.mark.parametrize(
    ("password", "again", "field"),
    [
        ("eleven char", "eleven char", "password"),
        ("zoe@brun.test", "zoe@brun.test", "password"),
        ("x" * 201, "x" * 201, "password"),
        (PASSWORD, PASSWORD + "!", "again"),
    ],
)
def test_a_password_that_is_refused_is_asked_for_again(
    app: Flask, world: World, link: str, password: str, again: str, field: str
) -> None:
    form = {"password": password, "again": again}
    answer = stranger(app, world).post(link, data=form)
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text
    assert password not in answer.text or password == "zoe@brun.test"
    assert zoe().password_hash is None


def test_a_password_that_is_too_long_is_not_called_too_short(
    app: Flask, world: World, link: str
) -> None:
    form = {"password": "x" * 201, "again": "x" * 201}
    answer = stranger(app, world).post(link, data=form)
    assert "200 caractères au plus" in answer.text


def test_who_is_signed_in_as_somebody_else_becomes_the_invited_person(
    app: Flask, world: World, link: str
) -> None:
    browser = signed_in(app, world.alder.admin)
    assert chosen(browser, link).status_code == 303
    assert browser.get("/companies/new").status_code == 404


def test_an_invitation_is_sent_again_from_the_settings(
    app: Flask, world: World, link: str
) -> None:
    ada = signed_in(app, world.alder.admin)
    person_id = zoe().id
    page = ada.get("/companies/dune-alder/settings").text
    assert f"/invitations/{person_id}" in page
    ada.post(f"/companies/dune-alder/invitations/{person_id}")
    assert len(db.session.scalars(select(Notice)).all()) == 2
    other = ada.post(f"/companies/elm-alder/invitations/{person_id}")
    assert other.status_code == 404
