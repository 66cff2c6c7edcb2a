"""A forgotten password: a link for an hour and once, which opens no session itself."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.companies.managers import Manager, make_manager
from app.db import db, utc_now
from app.notices.models import Notice
from app.people import forgetting
from app.people.models import Person
from tests.cast import PASSWORD, Browser, World, browser_at, csrf_token, signed_in

NEW = "four other words of mine"


def stranger(app: Flask, world: World, *, birch: bool = False) -> Browser:
    house = world.birch if birch else world.alder
    browser = browser_at(app, house.firm)
    browser.token = csrf_token(browser)
    return browser


def mails() -> list[Notice]:
    return list(db.session.scalars(select(Notice).order_by(Notice.id)))


def link_to(app: Flask, world: World, person: Person) -> str:
    """The path of the newest mail to them."""
    form = {"email": f" {person.email.upper()} "}
    assert stranger(app, world).post("/password", data=form).status_code == 200
    mail = mails()[-1]
    assert mail.recipient == person.email
    found = re.search(r"http://alder\.guichet\.test(/password/\S+)", mail.text)
    assert found, mail.text
    return found[1]


def chosen(browser: Browser, link: str, password: str = NEW):  # type: ignore[no-untyped-def]
    return browser.post(link, data={"password": password, "again": password})


def may_sign_in(app: Flask, world: World, person: Person, password: str) -> bool:
    form = {"email": person.email, "password": password}
    return stranger(app, world).post("/login", data=form).status_code == 303


def test_the_sign_in_page_leads_to_another_password(app: Flask, world: World) -> None:
    paul = world.alder.manager
    inside = signed_in(app, paul)
    assert 'href="/password"' in stranger(app, world).get("/login").text
    link = link_to(app, world, paul)
    browser = stranger(app, world)
    assert browser.get(link).status_code == 200
    assert may_sign_in(app, world, paul, PASSWORD)  # nothing has changed so far
    assert chosen(browser, link).location == "/login"
    assert browser.get("/").location == "/login"  # not signed in
    assert inside.get("/").location == "/login"  # nor is anybody else any more
    assert may_sign_in(app, world, paul, NEW)
    assert not may_sign_in(app, world, paul, PASSWORD)
    assert "changé" in mails()[-1].subject


def test_the_answer_does_not_tell_who_is_known(app: Flask, world: World) -> None:
    paul = world.alder.manager
    paul.email = "only@alder.test"
    db.session.commit()
    known = stranger(app, world).post("/password", data={"email": paul.email})
    before = len(mails())
    unknown = stranger(app, world).post("/password", data={"email": "x@nobody.test"})
    elsewhere = stranger(app, world, birch=True)
    other = elsewhere.post("/password", data={"email": paul.email})
    assert known.status_code == unknown.status_code == other.status_code == 200
    assert len(mails()) == before
    told = [re.search(r"role=.status..*?</p>", a.text, re.S) for a in (known, unknown)]
    texts = [found[0] for found in told if found]
    assert len(texts) == 2
    assert texts[0].replace(paul.email, "x@nobody.test") == texts[1]


@pytest.mark.parametrize("when", ["used", "newer", "late", "elsewhere", "invitation"])
def test_a_link_opens_nothing_when_it_is_not_good_any_more(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    paul = world.alder.manager
    link, status = link_to(app, world, paul), 410
    browser = stranger(app, world, birch=when == "elsewhere")
    if when == "used":
        chosen(stranger(app, world), link, "five words that came first")
    elif when == "newer":
        link_to(app, world, paul)
    elif when == "late":
        monkeypatch.setattr(forgetting, "LIFETIME", timedelta(seconds=-1))
    elif when == "elsewhere":
        status = 404
    else:
        link, status = link.replace("/password/", "/welcome/"), 404
    assert browser.get(link).status_code == status
    assert chosen(browser, link).status_code == status
    assert not may_sign_in(app, world, paul, NEW)


def test_what_is_wrong_with_the_password_is_told_and_the_link_stays_good(
    app: Flask, world: World
) -> None:
    link = link_to(app, world, world.alder.manager)
    browser = stranger(app, world)
    answer = chosen(browser, link, "short")
    assert answer.status_code == 422
    assert "12 caractères" in answer.text
    assert chosen(browser, link).status_code == 303


def test_only_who_was_once_let_in_gets_a_link(app: Flask, world: World) -> None:
    house = world.alder
    with app.test_request_context():
        for name, invites in (("waiting", False), ("invited", True)):
            manager = Manager(f"{name} Brun", f"{name}@brun.test")
            make_manager(house.dune, manager, by=house.admin, invites=invites)
    house.manager.disabled_at = utc_now()
    db.session.commit()
    before = len(mails())
    for email in ("waiting@brun.test", house.manager.email):
        stranger(app, world).post("/password", data={"email": email})
    assert len(mails()) == before
    stranger(app, world).post("/password", data={"email": "invited@brun.test"})
    assert [mail.recipient for mail in mails()[before:]] == ["invited@brun.test"]


def test_the_console_has_no_such_page(app: Flask) -> None:
    browser = browser_at(app, None)
    assert browser.get("/password").status_code == 404
    assert 'href="/password"' not in browser.get("/login").text
