"""Signing in, out, and what a session is worth."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import db, utc_now
from app.people.models import Person, SignIn
from tests.cast import PASSWORD, World, browser_at, csrf_token, signed_in


def sign_in(app: Flask, world: World, email: str, password: str = PASSWORD) -> int:
    browser = browser_at(app, world.alder.firm)
    browser.token = csrf_token(browser)
    answer = browser.post("/login", data={"email": email, "password": password})
    return int(answer.status_code)


def test_the_right_password_opens_the_portal(app: Flask, world: World) -> None:
    assert signed_in(app, world.alder.staff).get("/").status_code == 200


@pytest.mark.parametrize(
    "email", ["  ADA@firm.test ", "Ada@Firm.Test", "\u200bada@firm.test\u202c"]
)
def test_an_address_may_be_written_in_any_case(
    app: Flask, world: World, email: str
) -> None:
    assert sign_in(app, world, email) == 303


@pytest.mark.parametrize(
    ("email", "password"),
    [("ada@firm.test", "wrong"), ("nobody@firm.test", PASSWORD), ("", "")],
)
def test_a_wrong_pair_is_told_without_saying_which(
    app: Flask, world: World, email: str, password: str
) -> None:
    browser = browser_at(app, world.alder.firm)
    browser.token = csrf_token(browser)
    answer = browser.post("/login", data={"email": email, "password": password})
    assert answer.status_code == 422
    assert "Adresse ou mot de passe incorrect." in answer.text
    assert f'value="{email}"' in answer.text


def test_a_person_of_another_firm_does_not_get_in_here(
    app: Flask, world: World
) -> None:
    world.birch.admin.email = "only@birch.test"
    db.session.commit()
    assert sign_in(app, world, "only@birch.test") == 422


def test_an_operator_signs_in_at_the_console_only(app: Flask, world: World) -> None:
    assert sign_in(app, world, world.operator.email) == 422
    assert "Cabinet Alder" in signed_in(app, world.operator).get("/").text


def test_a_disabled_person_is_cut_at_the_next_request(app: Flask, world: World) -> None:
    browser = signed_in(app, world.alder.staff)
    person = db.session.get(Person, world.alder.staff.id)
    assert person
    person.disabled_at = utc_now()
    db.session.commit()
    assert browser.get("/companies").status_code == 303
    assert sign_in(app, world, "ben@firm.test") == 422


def test_signing_out_ends_the_session_on_the_server(app: Flask, world: World) -> None:
    browser = signed_in(app, world.alder.staff)
    cookie = browser.get_cookie("sid", domain="alder.guichet.test")
    assert cookie
    answer = browser.post("/logout")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    browser.set_cookie("sid", cookie.value, domain="alder.guichet.test")
    assert browser.get("/companies").status_code == 303


def test_a_session_ends_by_itself(app: Flask, world: World) -> None:
    browser = signed_in(app, world.alder.staff)
    for row in db.session.scalars(select(SignIn)):
        row.expires_at = utc_now() - timedelta(seconds=1)
    db.session.commit()
    assert browser.get("/companies").status_code == 303


def test_a_fragment_of_a_lost_session_sends_the_whole_page_to_sign_in(
    app: Flask, world: World
) -> None:
    browser = browser_at(app, world.alder.firm)
    here = {
        "HX-Request": "true",
        "HX-Current-URL": "http://alder.guichet.test/companies/x?a=1",
    }
    answer = browser.get("/companies", headers=here)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login?next=/companies/x?a%3D1"
    assert "<form" not in answer.text


@pytest.mark.parametrize(
    "where",
    ["//evil.test", "https://evil.test", "/\\evil.test", "\\\\evil", "javascript:x"],
)
def test_sign_in_leads_nowhere_but_here(app: Flask, world: World, where: str) -> None:
    browser = browser_at(app, world.alder.firm)
    browser.token = csrf_token(browser)
    data = {"email": "ada@firm.test", "password": PASSWORD}
    answer = browser.post("/login", query_string={"next": where}, data=data)
    assert answer.headers["Location"] == "/"


def test_the_token_is_kept_hashed(app: Flask, world: World) -> None:
    browser = signed_in(app, world.alder.staff)
    with browser.session_transaction(base_url="http://alder.guichet.test") as session:
        token = session["token"]
    stored = db.session.scalars(select(SignIn.token_sha256)).all()
    assert token not in stored


def test_too_many_wrong_passwords_are_slowed_down(app: Flask, world: World) -> None:
    statuses = [sign_in(app, world, "ada@firm.test", "no") for _ in range(11)]
    assert statuses == [422] * 10 + [429]
    assert sign_in(app, world, "ben@firm.test") == 303


def test_who_signs_in_again_from_an_open_page_stays_on_it(
    app: Flask, world: World
) -> None:
    browser = browser_at(app, world.alder.firm)
    browser.token = csrf_token(browser)
    here = {"HX-Request": "true"}
    data = {"email": "ada@firm.test", "password": "wrong"}
    answer = browser.post("/login", data=data, headers=here)
    assert answer.status_code == 422
    assert answer.text.strip().startswith("<p")
    assert "Adresse ou mot de passe incorrect." in answer.text
    answer = browser.post("/login", data=data | {"password": PASSWORD}, headers=here)
    assert (answer.status_code, answer.data) == (204, b"")
    browser.token = answer.headers["X-CSRF-Refresh"]
    kept = browser.post("/preferences", data={"locale": "fr"})
    assert kept.status_code == 303


def test_who_is_made_a_client_sees_nothing_of_the_firm_s_by_what_they_were(
    app: Flask, world: World
) -> None:
    """The session lives on; the companies were theirs to look after, not to be in."""
    house = world.alder
    house.drop("Note interne.pdf", "Cabinet")
    ben = signed_in(app, house.staff)
    folder = house.folder("Cabinet")
    url = f"/companies/{house.dune.slug}/folders/{folder.id}"
    assert "Note interne" in ben.get(url).text
    house.staff.role = "client"
    db.session.commit()
    for path in (url, f"/companies/{house.dune.slug}"):
        assert ben.get(path).status_code == 404
    for path in ("/", "/search?q=note", "/trash", "/companies", "/settings/notices"):
        page = ben.get(path, follow_redirects=True)
        assert page.status_code == 200
        assert "Note interne" not in page.text
        assert house.dune.name not in page.text


@pytest.mark.parametrize("with_script", [True, False])
def test_a_page_of_somebody_before_does_nothing_in_the_name_of_who_signed_in_since(
    app: Flask, world: World, with_script: bool
) -> None:
    """Another tab of a browser that two people use; one's own page goes on."""
    house = world.alder
    browser = signed_in(app, house.manager)
    old = browser.token
    browser.token = csrf_token(browser)
    data = {"email": house.staff.email, "password": PASSWORD}
    assert browser.post("/login", data=data).status_code == 303
    browser.token = old
    headers = {"HX-Request": "true"} if with_script else {}
    of_before = headers | {"X-Page-Of": str(house.manager.id)}
    answer = browser.post("/preferences", data={"locale": "fr"}, headers=of_before)
    assert answer.status_code == 403
    assert "X-CSRF-Refresh" not in answer.headers
    assert "quelqu’un d’autre" in answer.text.lower()
    own = headers | {"X-Page-Of": str(house.staff.id)}
    answer = browser.post("/preferences", data={"locale": "fr"}, headers=own)
    assert answer.status_code == 400
    assert answer.headers["X-CSRF-Refresh"]


def test_a_page_tells_its_scripts_whose_it_is(app: Flask, world: World) -> None:
    manager = world.alder.manager
    browser = signed_in(app, manager)
    assert f'data-person="{manager.id}"' in browser.get("/").text
    assert "data-person" not in browser_at(app, world.alder.firm).get("/login").text
