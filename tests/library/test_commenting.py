"""Comments: who writes them, who reads them, and what a client gets no trace of."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select

from app.activity.models import Entry
from app.companies.archiving import archive
from app.db import db, utc_now
from app.errors import Refused
from app.library.commenting import comment
from app.library.deposit import Deposited
from app.library.models import Comment
from tests.cast import Browser, House, World, signed_in


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def staff(app: Flask, house: House) -> Browser:
    return signed_in(app, house.staff)


@pytest.fixture
def client(app: Flask, house: House) -> Browser:
    return signed_in(app, house.manager)


def say(browser: Browser, done: Deposited, body: str, who: str = "") -> int:
    url = f"/documents/{done.document.id}/comments"
    data = {"body": body} | ({"visibility": who} if who else {})
    status: int = browser.post(url, data=data).status_code
    return status


def page(browser: Browser, done: Deposited) -> BeautifulSoup:
    answer = browser.get(f"/documents/{done.document.id}")
    return BeautifulSoup(answer.text, "html.parser")


def bodies(browser: Browser, done: Deposited) -> list[str]:
    return [one.text for one in page(browser, done).select(".comment-body")]


def audience(browser: Browser, done: Deposited) -> str:
    chosen = page(browser, done).select_one("select[name=visibility] [selected]")
    assert chosen
    return str(chosen["value"])


def test_both_sides_read_what_is_shared_and_the_firm_its_own(
    staff: Browser, client: Browser, house: House
) -> None:
    done = house.drop()
    assert say(client, done, "Compteur de l'atelier") == 303
    assert say(staff, done, "Merci", "shared") == 303
    before = client.get(f"/documents/{done.document.id}").text
    assert say(staff, done, "Imputé en 606100", "firm_only") == 303
    assert bodies(staff, done) == ["Compteur de l'atelier", "Merci", "Imputé en 606100"]
    after = client.get(f"/documents/{done.document.id}").text
    assert without_tokens(after) == without_tokens(before)


def without_tokens(text: str) -> str:
    soup = BeautifulSoup(text, "html.parser")
    for hidden in soup.select('[name="csrf_token"], [name="csrf-token"]'):
        hidden.decompose()
    return str(soup)


def test_the_audience_is_the_firm_first_and_then_the_last_one_of_that_person_there(
    app: Flask, staff: Browser, house: House
) -> None:
    done = house.drop()
    assert audience(staff, done) == "firm_only"
    say(staff, done, "Bonjour", "shared")
    another = house.drop("b.pdf")
    assert audience(staff, another) == "shared"
    admin = signed_in(app, house.admin)
    assert audience(admin, another) == "firm_only"
    say(admin, another, "Bonjour", "shared")
    elsewhere = house.drop("c.pdf", path="Juridique", company=house.elm)
    assert audience(admin, elsewhere) == "firm_only"
    say(staff, done, "Entre nous", "firm_only")
    assert audience(staff, another) == "firm_only"


def test_a_client_only_shares(client: Browser, house: House) -> None:
    done = house.drop()
    say(client, done, "Pour vous", "firm_only")
    assert db.session.scalars(select(Comment.visibility)).all() == ["shared"]
    assert page(client, done).select_one("[name=visibility]") is None


def test_what_is_typed_is_text_and_keeps_its_lines(
    client: Browser, house: House
) -> None:
    done = house.drop()
    say(client, done, " <b>un</b>\r\nhttps://example.test\r\n\r\ndeux ")
    assert bodies(client, done) == ["<b>un</b>\nhttps://example.test\n\ndeux"]
    assert page(client, done).select(".comment a, .comment b") == []


@pytest.mark.parametrize("body", ["", " \n", "x" * 4001])
def test_a_bad_comment_is_told_and_kept_in_the_form(
    client: Browser, house: House, body: str
) -> None:
    done = house.drop()
    url = f"/documents/{done.document.id}/comments"
    for headers in ({}, {"HX-Request": "true"}):
        answer = client.post(url, data={"body": body}, headers=headers)
        assert answer.status_code == 422
        field = BeautifulSoup(answer.text, "html.parser").select_one("textarea")
        assert field
        assert field.text.strip() == body.strip()
    assert db.session.scalars(select(Comment)).all() == []


def test_a_second_click_says_nothing_twice(client: Browser, house: House) -> None:
    done = house.drop()
    for body in ("Merci", "Merci", "Merci !", "Merci"):
        assert say(client, done, body) == 303
    assert bodies(client, done) == ["Merci", "Merci !"]
    for made in db.session.scalars(select(Comment)):
        made.created_at -= timedelta(minutes=1)
    db.session.commit()
    assert say(client, done, "Merci") == 303
    assert bodies(client, done) == ["Merci", "Merci !", "Merci"]


def test_staff_say_who_may_read_it(staff: Browser, house: House) -> None:
    done = house.drop()
    assert say(staff, done, "x") == 422
    assert say(staff, done, "x", "everybody") == 422


def test_an_author_takes_the_words_back_and_the_firm_sees_that_there_were_some(
    staff: Browser, client: Browser, house: House
) -> None:
    done = house.drop()
    say(client, done, "Trop vite")
    [made] = db.session.scalars(select(Comment))
    url = f"/documents/{done.document.id}/comments/{made.id}/remove"
    assert staff.post(url).status_code == 404
    assert client.post(url).status_code == 303
    assert bodies(client, done) == []
    assert page(client, done).select(".comment") == []
    removed = page(staff, done).select_one(".comment-removed")
    assert removed
    assert house.manager.name in removed.text
    assert "Trop vite" not in str(page(staff, done))
    assert page(staff, done).select_one(".comments-count") is None


def test_the_trail_says_that_there_was_one_and_to_whom(
    staff: Browser, house: House
) -> None:
    done = house.drop()
    say(staff, done, "a", "firm_only")
    say(staff, done, "b", "shared")
    found = db.session.execute(
        select(Entry.is_firm_only).where(Entry.verb == "commented").order_by(Entry.id)
    )
    assert [row[0] for row in found] == [True, False]


@pytest.mark.parametrize("who", ["staff", "manager"])
def test_an_archived_company_offers_no_box_to_write_in(
    app: Flask, house: House, who: str
) -> None:
    browser = signed_in(app, getattr(house, who))
    done = house.drop()
    assert say(browser, done, "Avant", "shared") == 303
    assert page(browser, done).select_one(".comment-box")
    house.dune.archived_at = utc_now()
    db.session.commit()
    seen = page(browser, done)
    assert "Avant" in seen.select_one(".comments").text  # type: ignore[union-attr]
    assert not seen.select(".comments form, .comments button")


def test_in_an_archived_company_nobody_says_or_takes_back_anything(
    staff: Browser, client: Browser, house: House
) -> None:
    done = house.drop()
    assert say(client, done, "Compteur de l'atelier") == 303
    said = db.session.scalars(select(Comment)).one()
    archive(house.dune, by=house.admin)
    db.session.commit()
    url = f"/documents/{done.document.id}/comments"
    for browser in (staff, client):
        for path in (url, f"{url}/{said.id}/remove"):
            answer = browser.post(path, data={"body": "Tard", "visibility": "shared"})
            assert answer.status_code == 422
            assert "est archivé" in answer.text
    db.session.expire_all()
    assert [one.body for one in db.session.scalars(select(Comment))] == [said.body]
    assert bodies(client, done) == ["Compteur de l'atelier"]


def test_nor_when_it_is_archived_just_before(house: House) -> None:
    """The request had begun."""
    document = house.drop().document
    archive(house.dune, by=house.admin)
    db.session.commit()
    with pytest.raises(Refused, match="archiv"):
        comment(document, "Tard", "shared", by=house.manager)
