"""What other products' pages did behind a session, a token, a click or a history that
was not as they thought (bugs.md, B64 to B79), asked of ours."""

import io
import re
import threading
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.db import db
from app.delivery.models import Delivery
from app.library.models import Document, Folder, Version
from app.policy import audience_of
from tests.cast import (
    PASSWORD,
    Browser,
    House,
    World,
    browser_at,
    csrf_token,
    signed_in,
)
from tests.guards.test_routes import address, rules
from tests.library.test_depositing import HTMX, documents, post as send
from tests.library.test_page import url_of
from tests.papers import one_page_pdf

OF_A_THING = {"folder_id", "document_id"}
TOKEN = re.compile(r'name="csrf-token" content="[^"]+"|name="csrf_token" value="[^"]+"')
ID = re.compile(r"<[^<>]*(folder_id|document_id)>")


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def staff(app: Flask, house: House) -> Browser:
    return signed_in(app, house.staff)


def count(table: Any, *where: Any) -> int:
    db.session.rollback()
    found = db.session.scalar(select(func.count()).select_from(table).where(*where))
    return found or 0


def hidden_field(browser: Browser, path: str, name: str) -> str:
    page = browser.get(path).text
    found = re.search(rf'name="{name}"\s+value="([^"]+)"', page)
    assert found, page
    return found[1]


# B64


@pytest.mark.parametrize("part", ["/rows", "/nodes", "", "/documents"])
def test_b64_a_session_that_ended_leads_to_the_door_and_back_to_the_folder(
    app: Flask, house: House, part: str
) -> None:
    stranger = browser_at(app, house.firm)
    here, headers = url_of(house), HTMX | {"HX-Current-URL": f"http://x{url_of(house)}"}
    method = "POST" if part == "/documents" else "GET"
    answer = stranger.open(here + part, method=method, headers=headers)
    assert answer.status_code == 401
    assert not re.search("<form|<html|password", answer.text)
    door = answer.headers["HX-Redirect"]
    stranger.token = csrf_token(stranger)
    who = {"email": house.staff.email, "password": PASSWORD}
    assert stranger.post(door, data=who).location == here


# B67


def test_b67_no_page_that_history_asks_for_is_a_part_of_one(
    app: Flask, world: World
) -> None:
    ada = signed_in(app, world.alder.admin)
    restoring = HTMX | {"HX-History-Restore-Request": "true"}
    asked = 0
    for rule, method in rules(app):
        if method != "GET" or audience_of(rule.endpoint) not in {"signed_in", "firm"}:
            continue
        path = address(rule, world.alder)
        page = ada.get(path)
        if page.status_code != 200 or b"<html" not in page.data:
            continue  # never was a page of its own
        asked += 1
        assert "<html" in ada.get(path, headers=restoring).text, rule
        assert page.headers["Cache-Control"] == "no-store", rule
        assert "HX-Request" in page.headers["Vary"], rule
    assert asked > 10


# B71


def twice(app: Flask, house: House, path: str, at_once: bool, **how: Any) -> set[str]:
    """The same POST again, one after the other or both at a time; where they led."""
    browsers = [signed_in(app, house.staff) for _ in range(2)]
    answers, together = [], threading.Barrier(2)

    def click(browser: Browser) -> None:
        if at_once:
            together.wait()
        files = {name: (io.BytesIO(b), n) for name, (b, n) in how.get("f", {}).items()}
        answers.append(browser.post(path, data={**how.get("data", {}), **files}))

    threads = [threading.Thread(target=click, args=[each]) for each in browsers]
    for thread in threads:
        thread.start()
        if not at_once:
            thread.join()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [303, 303]
    return {answer.location for answer in answers}


AT_ONCE = pytest.mark.parametrize("at_once", [False, True])


@AT_ONCE
def test_b71_a_folder_is_made_once(
    app: Flask, house: House, staff: Browser, at_once: bool
) -> None:
    parent = house.folder("Juridique").id
    once = hidden_field(staff, f"/folders/{parent}/new", "once")
    data = {"name": "Contrats", "parent": str(parent), "once": once}
    path = f"/companies/{house.dune.slug}/folders"
    assert len(twice(app, house, path, at_once, data=data)) == 1
    assert count(Folder, Folder.parent_id == parent) == 1
    # The page was left open: another name is another folder, and so is a new form.
    staff.post(path, data=data | {"name": "Statuts"})
    again = hidden_field(staff, f"/folders/{parent}/new", "once")
    staff.post(path, data=data | {"once": again})
    names = select(Folder.name).where(Folder.parent_id == parent).order_by(Folder.name)
    assert db.session.scalars(names).all() == ["Contrats", "Contrats (2)", "Statuts"]


def test_b71_what_was_made_and_trashed_can_be_made_again(
    house: House, staff: Browser
) -> None:
    parent = house.folder("Juridique").id
    data = {"name": "Contrats", "parent": str(parent), "once": "x"}
    path = f"/companies/{house.dune.slug}/folders"
    made = staff.post(path, data=data).location.rpartition("/")[2]
    staff.post(f"/folders/{made}/trash")
    assert staff.get(staff.post(path, data=data).location).status_code == 200
    # Nor does another company's answer to it.
    data["parent"] = str(house.folder("Juridique", house.elm).id)
    ada = signed_in(staff.application, house.admin)
    there = ada.post(f"/companies/{house.elm.slug}/folders", data=data).location
    assert there.startswith(f"/companies/{house.elm.slug}/")


@AT_ONCE
def test_b71_a_document_is_copied_once(
    app: Flask, house: House, staff: Browser, at_once: bool
) -> None:
    done, to = house.drop(path="Social"), house.folder("Juridique")
    path = f"/documents/{done.document.id}/copy"
    once = hidden_field(staff, path, "once")
    twice(app, house, path, at_once, data={"folder": str(to.id), "once": once})
    assert count(Document, Document.folder_id == to.id) == 1
    other = house.folder("Administratif").id
    staff.post(path, data={"folder": str(other), "once": once})
    assert count(Document, Document.folder_id == other) == 1


@AT_ONCE
def test_b71_a_new_version_is_made_once(
    app: Flask, house: House, at_once: bool
) -> None:
    house.switch("on")
    done = house.drop()
    newer = {"file": (one_page_pdf("newer"), "newer.pdf")}
    twice(app, house, f"/documents/{done.document.id}/versions", at_once, f=newer)
    assert count(Version, Version.document_id == done.document.id) == 2
    assert count(Delivery, Delivery.document_id == done.document.id) == 1


@AT_ONCE
def test_b71_a_document_leaves_once_by_hand(
    app: Flask, house: House, at_once: bool
) -> None:
    done, connection = house.drop(), house.connect()
    data = {"connection": str(connection.id)}
    path = f"/documents/{done.document.id}/transmit"
    twice(app, house, path, at_once, data=data)
    assert count(Delivery, Delivery.document_id == done.document.id) == 1


# B72


def acts(house: House) -> dict[str, dict[str, str]]:
    """A POST of every kind that a page left open may send, with what was typed."""
    done, place = house.drop(), house.folder("Juridique")
    connection = house.connect()
    return {
        f"/documents/{done.document.id}/rename": {"name": "Bail.pdf"},
        f"/documents/{done.document.id}/move": {"folder": str(place.id)},
        f"/folders/{place.id}/rename": {"name": "Droit"},
        f"/companies/{house.dune.slug}/folders": {
            "name": "Contrats",
            "parent": str(place.id),
        },
        f"/documents/{done.document.id}/transmit": {"connection": str(connection.id)},
        f"/documents/{done.document.id}/trash": {},
    }


@pytest.mark.parametrize("how", ["stale", "expired"])
def test_b72_a_page_left_open_is_told_and_its_next_try_is_taken(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    ben = signed_in(app, house.staff)
    good = ben.token
    for path, data in acts(house).items():
        for headers in ({}, HTMX):
            if how == "stale":
                ben.token = "stale"
            else:
                monkeypatch.setitem(app.config, "WTF_CSRF_TIME_LIMIT", -1)
            answer = ben.post(path, data=data, headers=headers)
            monkeypatch.setitem(app.config, "WTF_CSRF_TIME_LIMIT", None)
            assert answer.status_code == 400, path
            assert "Rien n’est perdu" in answer.text
            assert ("<html" in answer.text) == (not headers)
            ben.token = good
        ben.token = answer.headers["X-CSRF-Refresh"]
        assert ben.post(path, data=data).status_code == 303, path
    assert count(Document, Document.name == "Bail.pdf") == 1
    assert count(Folder, Folder.name == "Contrats") == 1


def test_b72_one_token_is_good_for_a_day_of_uploads(app: Flask, house: House) -> None:
    dora = signed_in(app, house.manager)
    for number in range(5):
        file = (one_page_pdf(str(number)), f"{number}.pdf")
        assert send(dora, f"{url_of(house)}/documents", file).status_code == 303
        dora.get("/")  # other pages meanwhile, with tokens of their own
    assert len(documents()) == 5


def test_b72_no_other_session_s_token_is_taken(app: Flask, house: House) -> None:
    dora, thief = signed_in(app, house.manager), signed_in(app, house.other_client)
    dora.token = thief.token
    file = (one_page_pdf("a"), "a.pdf")
    assert send(dora, f"{url_of(house)}/documents", file).status_code == 400
    assert documents() == []


# B79


@pytest.mark.parametrize("role", ["manager", "user"])
@pytest.mark.parametrize("place", ["Cabinet", "Social"])
def test_b79_what_a_client_may_not_see_is_at_no_address(
    app: Flask, house: House, role: str, place: str
) -> None:
    if (role, place) == ("manager", "Social"):
        pytest.skip("which is open to managers")
    client = signed_in(app, getattr(house, role))
    hidden, folder = house.drop("secret.pdf", place), house.folder(place)
    there = {"folder_id": str(folder.id), "document_id": str(hidden.document.id)}
    tried = 0
    for rule, method in rules(app):
        if not rule.arguments & OF_A_THING:
            continue
        filled: Any = SimpleNamespace(
            rule=ID.sub(lambda found: there[found[1]], rule.rule),
            arguments=rule.arguments,
        )
        path = address(filled, house)
        for headers in ({}, HTMX):
            answer = client.open(path, method=method, headers=headers)
            assert answer.status_code == 404, (rule, method)
            assert "secret" not in answer.text
        tried += 1
    assert tried > 15
    for page in ("/", "/trash", f"/companies/{house.dune.slug}"):
        assert "secret.pdf" not in client.get(page, follow_redirects=True).text


def test_b79_an_id_that_somebody_guessed_says_nothing(app: Flask, world: World) -> None:
    """A stranger's document and one that is nowhere answer with the same bytes, but for
    the token, that tells the second."""
    theirs = world.birch.drop("secret.pdf").document.id
    dora = signed_in(app, world.alder.manager)
    for act in ("", "/download", "/rename"):
        answers = [dora.get(f"/documents/{i}{act}") for i in (theirs, uuid.uuid4())]
        assert [answer.status_code for answer in answers] == [404, 404]
        pages = [TOKEN.sub("", answer.text) for answer in answers]
        assert pages[0] == pages[1]
