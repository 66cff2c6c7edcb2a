"""A second click, or somebody else's first one: what is done already is told in words,
where the person is; never as if the document had not been there."""

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select

from app.db import db
from app.library.models import Document
from tests.cast import PURCHASES, Browser, House, World, signed_in
from tests.library.test_acts_routes import url


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def staff(app: Flask, house: House) -> Browser:
    return signed_in(app, house.staff)


def told(browser: Browser, address: str, **data: object) -> str:
    """What the page says that the act leads to, as without script."""
    answer = browser.post(address, data=data)
    assert answer.status_code == 303
    toasts = BeautifulSoup(browser.get(answer.location).text, "html.parser")
    return " ".join(one.get_text() for one in toasts.select("#messages .toast"))


@pytest.mark.parametrize("kind", ["documents", "folders"])
def test_a_second_click_on_the_trash_says_that_it_is_done(
    app: Flask, staff: Browser, house: House, kind: str
) -> None:
    done, folder = house.drop("Bail.pdf"), house.folder(PURCHASES)
    here = f"/{kind}/{done.document.id if kind == 'documents' else folder.id}"
    told(staff, f"{here}/trash")
    again = told(staff, f"{here}/trash")
    assert "est déjà à la corbeille" in again
    assert "Annuler" in again  # as the first answer, which the browser dropped
    for stranger in (house.other_client, house.user):
        there = signed_in(app, stranger).post(f"{here}/trash").status_code
        assert (there == 404) is (stranger is house.other_client)
    told(staff, f"{here}/restore")
    assert "est déjà restauré" in told(staff, f"{here}/restore")
    outside = signed_in(app, house.other_client)
    assert outside.post(f"{here}/restore").status_code == 404


@pytest.mark.parametrize("act", ["rename", "move", "validate", "refuse", "comments"])
def test_an_act_on_what_lies_in_the_trash_says_where_it_is(
    app: Flask, staff: Browser, house: House, act: str
) -> None:
    done = house.drop("Bail.pdf")
    told(staff, url(done, "trash"))
    data = {"name": "a", "folder": house.folder().id, "reason": "b", "body": "c"}
    answer = staff.post(url(done, act), data=data)
    assert answer.status_code == 422
    assert "Ce document est à la corbeille" in answer.text
    stranger = signed_in(app, house.other_client)
    assert stranger.post(url(done, act), data=data).status_code in {403, 404}
    assert staff.get(f"/documents/{done.document.id}").status_code == 404


def test_an_act_on_a_folder_in_the_trash_says_where_it_is(
    staff: Browser, house: House
) -> None:
    here = f"/folders/{house.folder(PURCHASES).id}"
    told(staff, f"{here}/trash")
    answer = staff.post(f"{here}/rename", data={"name": "a"})
    assert answer.status_code == 422
    assert "Ce dossier est à la corbeille" in answer.text


TO_A_FOLDER = {
    "deposit": ("/companies/{slug}/folders/{folder}/documents", {"a": "b"}),
    "mark as read": ("/companies/{slug}/folders/{folder}/read", {}),
    "make a folder in": (
        "/companies/{slug}/folders",
        {"name": "a", "parent": "{folder}"},
    ),
    "move into": ("/documents/{document}/move", {"folder": "{folder}"}),
    "move back into": ("/documents/{document}/move?undo=yes", {"folder": "{folder}"}),
    "copy into": ("/documents/{document}/copy", {"folder": "{folder}"}),
    "move many into": (
        "/companies/{slug}/documents/acts",
        {"act": "move", "id": "{document}", "folder": "{folder}"},
    ),
}


@pytest.mark.parametrize("what", TO_A_FOLDER)
def test_who_wants_something_in_a_folder_that_was_just_trashed_is_told_so(
    app: Flask, staff: Browser, house: House, what: str
) -> None:
    of = {
        "slug": house.dune.slug,
        "folder": house.folder(PURCHASES).id,
        "document": house.drop("Bail.pdf", path="Juridique").document.id,
    }
    address, data = TO_A_FOLDER[what]
    address = address.format(**of)
    data = {name: value.format(**of) for name, value in data.items()}
    told(staff, f"/folders/{of['folder']}/trash")
    answer = staff.post(address, data=data)
    assert answer.status_code == 422
    assert "Ce dossier est à la corbeille" in answer.text
    stranger = signed_in(app, house.other_client)
    assert stranger.post(address, data=data).status_code == 404


def test_a_folder_in_the_trash_that_one_may_not_see_is_not_there(
    app: Flask, staff: Browser, house: House
) -> None:
    folder, done = house.folder("Cabinet"), house.drop("Bail.pdf", path="À classer")
    told(staff, f"/folders/{folder.id}/trash")
    client = signed_in(app, house.manager)
    move = f"/documents/{done.document.id}/move"
    assert client.post(move, data={"folder": folder.id}).status_code == 404


def test_a_decision_made_already_is_told_where_one_is(
    staff: Browser, house: House
) -> None:
    done = house.drop("Bail.pdf")
    told(staff, url(done, "validate"))
    assert "déjà validé" in told(staff, url(done, "validate"))
    told(staff, url(done, "reopen"), status="validated")
    again = told(staff, url(done, "reopen"), status="validated")
    assert "déjà annulée" in again
    told(staff, url(done, "refuse"), reason="Illisible")
    assert "déjà refusé" in told(staff, url(done, "refuse"), reason="Illisible")
    assert "déjà validé" not in told(staff, url(done, "validate"))
    other = staff.post(url(done, "reopen"), data={"status": "rejected"})
    assert other.status_code == 422  # somebody has decided otherwise


def test_a_copy_that_was_trashed_is_made_anew_by_the_same_form(
    staff: Browser, house: House
) -> None:
    done, to = house.drop(), house.folder("Juridique")
    form = {"folder": str(to.id), "once": "of this form"}
    copies = select(Document).where(Document.folder_id == to.id)
    for trashed in (0, 1):
        staff.post(f"/documents/{done.document.id}/copy", data=form)
        alive = copies.where(Document.trashed_at.is_(None))
        [copy] = db.session.scalars(alive)
        assert len(db.session.scalars(copies).all()) == trashed + 1
        staff.post(f"/documents/{copy.id}/trash")


@pytest.mark.parametrize(
    ("status", "act", "why"),
    [
        ("validated", "trash", "Pris en compte par votre cabinet"),
        ("validated", "rename", "Pris en compte par votre cabinet"),
        ("validated", "edit", "Pris en compte par votre cabinet"),
        ("rejected", "split", "Refusé par votre cabinet"),
        ("rejected", "move", "Refusé par votre cabinet"),
        ("received", "versions", "Votre cabinet n’attend plus de nouvelle version"),
    ],
)
def test_a_client_is_told_what_the_firm_has_done_since_the_page_was_opened(
    app: Flask, house: House, status: str, act: str, why: str
) -> None:
    done = house.drop()
    done.document.status = status
    db.session.commit()
    client = signed_in(app, house.manager)
    here = f"/documents/{done.document.id}/{act}"
    answers = [client.post(here, data={"name": "a"})]
    if act != "trash":
        answers.append(client.get(here))
    for answer in answers:
        assert answer.status_code == 403
        assert why in answer.text
        assert "administrateur" not in answer.text
