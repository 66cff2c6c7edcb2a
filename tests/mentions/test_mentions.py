"""«@» in a comment: who is called, told and shown it, and who is never offered."""

import re

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select

from app.db import db
from app.library.deposit import Deposited
from app.library.models import Comment
from app.mentions.marking import called
from app.mentions.models import Mention
from app.notices.models import Notice
from app.people.models import Membership, Person
from tests.cast import Browser, House, World, browser_at, signed_in


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def ada(app: Flask, house: House) -> Browser:
    return signed_in(app, house.admin)


@pytest.fixture
def dora(app: Flask, house: House) -> Browser:
    return signed_in(app, house.manager)


def say(browser: Browser, done: Deposited, body: str, who: str = "shared") -> int:
    url = f"/documents/{done.document.id}/comments"
    answer = browser.post(url, data={"body": body, "visibility": who})
    status: int = answer.status_code
    return status


def offered(browser: Browser, done: Deposited, typed: str, who: str) -> list[str]:
    url = f"/documents/{done.document.id}/readers?visibility={who}&q={typed}"
    soup = BeautifulSoup(browser.get(url).text, "html.parser")
    return [str(one["data-name"]) for one in soup.select("[role=option]")]


def mentioned() -> list[tuple[str, bool]]:
    """Who was called, and whether they have seen it."""
    found = db.session.execute(
        select(Person.name, Mention.read_at)
        .join(Person, Person.id == Mention.person_id)
        .order_by(Person.name)
        .execution_options(across_firms=True, populate_existing=True)
    )
    return [(name, read_at is not None) for name, read_at in found]


def told() -> list[str]:
    wanted = select(Notice.recipient).where(Notice.kind == "mention")
    return sorted(db.session.scalars(wanted))


def calls(browser: Browser) -> list[str]:
    soup = BeautifulSoup(browser.get("/").text, "html.parser")
    return [str(one["href"]) for one in soup.select(".call")]


def test_whoever_is_called_is_told_shown_it_and_has_read_it_by_opening_the_document(
    app: Flask, house: House, ada: Browser
) -> None:
    done = house.drop()
    assert say(ada, done, "@Ben Petit peux-tu regarder ?", "firm_only") == 303
    assert mentioned() == [("Ben Petit", False)]
    assert told() == [house.staff.email]
    ben = signed_in(app, house.staff)
    [url] = calls(ben)
    assert url.startswith(f"/documents/{done.document.id}#comment-")
    page = BeautifulSoup(ben.get(url.split("#")[0]).text, "html.parser")
    assert [mark.text for mark in page.select(".mention")] == ["@Ben Petit"]
    assert page.find(id=url.split("#")[1])
    assert mentioned() == [("Ben Petit", True)]
    assert calls(ben) == []


def test_one_who_knows_the_document_already_reads_a_new_mention_by_opening_it_again(
    app: Flask, house: House, ada: Browser
) -> None:
    done, ben = house.drop(), signed_in(app, house.staff)
    ben.get(f"/documents/{done.document.id}")
    say(ada, done, "@Ben Petit")
    ben.get(f"/documents/{done.document.id}/download")
    assert mentioned() == [("Ben Petit", False)]  # the comments are not in the file
    ben.get(f"/documents/{done.document.id}")
    assert mentioned() == [("Ben Petit", True)]


def test_clients_are_offered_and_called_where_the_comment_is_for_them(
    house: House, ada: Browser, dora: Browser
) -> None:
    done = house.drop()
    assert "Dora Dune" in offered(ada, done, "do", "shared")
    assert say(ada, done, "Merci @dora  DUNE, et @Eli Dune !") == 303
    assert mentioned() == [("Dora Dune", False), ("Eli Dune", False)]
    assert len(calls(dora)) == 1
    dora.get(f"/documents/{done.document.id}")
    assert calls(dora) == []


def test_a_client_is_never_offered_nor_called_in_what_is_for_the_firm_only(
    house: House, ada: Browser
) -> None:
    done = house.drop()
    assert offered(ada, done, "d", "firm_only") == []
    url = f"/documents/{done.document.id}/comments"
    answer = ada.post(url, data={"body": "@Dora Dune", "visibility": "firm_only"})
    assert answer.status_code == 422
    assert "Dora Dune" in answer.text
    assert db.session.scalars(select(Comment)).all() == []
    assert mentioned() == []
    assert told() == []


def test_a_client_may_call_staff_and_asks_for_the_firm_s_own_in_vain(
    house: House, dora: Browser
) -> None:
    done = house.drop()
    assert offered(dora, done, "dun", "firm_only") == ["Eli Dune"]
    assert say(dora, done, "Bonjour @Ben Petit") == 303
    assert mentioned() == [("Ben Petit", False)]


def test_only_who_may_see_the_document_is_offered(
    app: Flask, world: World, house: House, ada: Browser
) -> None:
    done = house.drop()
    every = offered(ada, done, "", "shared")
    assert every == ["Ben Petit", "Dora Dune", "Eli Dune"]  # nobody of Elm, nor Birch
    folder = house.folder()
    folder.visibility = "firm_only"
    house.manager.disabled_at = None
    db.session.commit()
    assert offered(ada, done, "", "shared") == ["Ben Petit"]
    stranger = signed_in(app, house.other_client)
    assert stranger.get(f"/documents/{done.document.id}/readers").status_code == 404


def test_staff_who_do_not_follow_the_company_and_the_disabled_are_not_offered(
    house: House, ada: Browser
) -> None:
    done = house.drop("Elm.pdf", company=house.elm)
    assert offered(ada, done, "", "firm_only") == []
    assert say(ada, done, "@Ben Petit", "firm_only") == 303
    assert mentioned() == []


def test_what_was_hidden_from_a_client_since_is_not_told_any_more(
    house: House, ada: Browser, dora: Browser
) -> None:
    done = house.drop()
    say(ada, done, "@Dora Dune")
    assert len(calls(dora)) == 1
    house.folder().visibility = "firm_only"
    db.session.commit()
    assert calls(dora) == []


def test_a_removed_comment_calls_nobody_any_more(house: House, ada: Browser) -> None:
    done = house.drop()
    say(ada, done, "@Ben Petit")
    [comment] = db.session.scalars(select(Comment))
    url = f"/documents/{done.document.id}/comments/{comment.id}/remove"
    assert ada.post(url).status_code == 303
    assert mentioned() == []


def test_nobody_calls_themselves_and_a_comment_calls_only_so_many(
    house: House, ada: Browser
) -> None:
    done = house.drop()
    assert say(ada, done, "@Ada Martin") == 303
    assert mentioned() == []
    names = [f"Une Personne{letter}" for letter in "abcdefghijklmnopqrstu"]
    db.session.add_all(
        Person(firm_id=house.firm.id, email=f"{n}@x.test", name=n, role="firm_admin")
        for n in names
    )
    db.session.commit()
    assert say(ada, done, " ".join(f"@{name}" for name in names)) == 422
    assert mentioned() == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("@Jean Petit", ["Jean Petit"]),
        ("(@jean petit).", ["Jean Petit"]),
        ("@Jean\nPetit", ["Jean Petit"]),
        ("@Jean Petit-Renaud, vois", ["Jean Petit-Renaud"]),
        ("@Zoé Léger", ["Zoé Léger"]),
        ("moi@Jean Petit", []),
        ("@@Jean Petit", []),
        ("@Jean Petitjean", []),
        ("Jean Petit", []),
        ("@Jean", []),
    ],
)
def test_a_name_is_called_whole_behind_an_at_sign(
    body: str, expected: list[str]
) -> None:
    names = ("Jean Petit", "Jean Petit-Renaud", "Zoé Léger", "O. (x")
    people = [Person(name=name) for name in names]
    assert [person.name for person in called(body, people)] == expected


def test_namesakes_are_all_called(house: House, ada: Browser) -> None:
    house.user.name = "Dora Dune"
    db.session.commit()
    say(ada, house.drop(), "@Dora Dune")
    assert mentioned() == [("Dora Dune", False)] * 2


def test_who_wants_no_mail_gets_none_and_is_shown_it_all_the_same(
    app: Flask, house: House, ada: Browser
) -> None:
    ben = signed_in(app, house.staff)
    assert "checked" in ben.get("/settings/notices").text
    ben.post("/settings/notices", data={"mentions_shown": "yes"})
    say(ada, house.drop(), "@Ben Petit")
    assert told() == []
    assert len(calls(ben)) == 1
    ben.post("/settings/notices", data={"mentions_shown": "yes", "mentions": "yes"})
    say(ada, house.drop("b.pdf"), "@Ben Petit")
    assert told() == [house.staff.email]


def test_one_click_stops_the_mails_and_asks_first(
    app: Flask, world: World, house: House, ada: Browser
) -> None:
    say(ada, house.drop(), "@Ben Petit")
    [stop] = db.session.scalars(select(Notice.stop_url))
    assert stop
    [text] = db.session.scalars(select(Notice.text))
    assert stop in text
    path = stop[stop.index("/notices") :]
    nobody = browser_at(app, house.firm)
    assert nobody.get(path).status_code == 200
    assert wants_mails(house.staff)
    assert browser_at(app, world.birch.firm).post(path).status_code == 200
    assert wants_mails(house.staff)
    assert browser_at(app, None).post(path).status_code == 200
    assert wants_mails(house.staff)
    assert nobody.post(path.replace("for=", "for=x")).status_code == 404
    assert nobody.post(path).status_code == 200
    assert not wants_mails(house.staff)
    other = re.sub("stop-mentions", "stop", path)
    assert nobody.get(other).status_code == 404  # no token for the other kind


def wants_mails(person: Person) -> bool:
    wanted = select(Person.mention_mails).where(Person.id == person.id)
    return bool(db.session.scalar(wanted))


def test_a_mail_holds_none_of_the_comment_s_words(house: House, ada: Browser) -> None:
    say(ada, house.drop(), "@Ben Petit le mot de passe est kiwi")
    [notice] = db.session.scalars(select(Notice))
    assert "kiwi" not in notice.text + notice.subject
    assert "/documents/" in notice.text


def test_a_client_of_two_companies_is_shown_the_mentions_of_both(
    app: Flask, house: House, ada: Browser
) -> None:
    join = Membership(
        firm_id=house.firm.id,
        person_id=house.manager.id,
        company_id=house.elm.id,
        role="company_user",
    )
    db.session.add(join)
    db.session.commit()
    say(ada, house.drop(), "@Dora Dune")
    say(ada, house.drop("Elm.pdf", company=house.elm), "@Dora Dune")
    assert len(calls(signed_in(app, house.manager))) == 2
