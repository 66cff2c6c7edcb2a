"""What the phone shares to the portal lands in «À classer»; nothing from elsewhere."""

import io
import re
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import db
from app.library import sharing
from app.library.models import Document, Folder
from app.people.models import Membership
from tests.cast import Browser, World, browser_at, csrf_token, signed_in
from tests.papers import one_page_pdf

TWO = tuple((one_page_pdf(text), "Ticket.pdf") for text in ("first", "second"))


def share(
    browser: Browser,
    site: str | None = "none",
    files: Sequence[tuple[bytes, str]] = TWO,
) -> Any:
    sent = [(io.BytesIO(content), name) for content, name in files]
    headers = {"Sec-Fetch-Site": site} if site else {}
    return browser.post("/share", data={"file": sent}, headers=headers)


def kept() -> list[tuple[str, str, str]]:
    found = db.session.execute(
        select(Document.name, Folder.kind, Document.channel)
        .join(Folder, Folder.id == Document.folder_id)
        .order_by(Document.id)
    )
    return [(row[0], row[1], row[2]) for row in found]


def test_what_is_shared_lands_in_the_inbox_and_is_told(
    app: Flask, world: World
) -> None:
    answer = share(signed_in(app, world.alder.manager))
    assert answer.status_code == 200
    assert "Ticket (2).pdf" in answer.text
    assert kept() == [
        ("Ticket.pdf", "inbox", "phone"),
        ("Ticket (2).pdf", "inbox", "phone"),
    ]


@pytest.mark.parametrize("site", ["cross-site", "same-site", None])
def test_another_site_shares_nothing(app: Flask, world: World, site: str) -> None:
    assert share(signed_in(app, world.alder.manager), site).status_code == 400
    assert kept() == []


def test_signed_out_nothing_is_kept_and_that_is_said(app: Flask, world: World) -> None:
    visitor = browser_at(app, world.alder.firm)
    answer = share(visitor)
    assert (answer.status_code, kept()) == (303, [])
    assert "partagez à nouveau" in visitor.get("/login").text


# Of several companies


@pytest.fixture
def both(app: Flask, world: World) -> Browser:
    """The manager of Dune, who uses Elm as well."""
    house = world.alder
    db.session.add(
        Membership(
            firm_id=house.firm.id,
            company_id=house.elm.id,
            person_id=house.manager.id,
            role="company_user",
        )
    )
    db.session.commit()
    return signed_in(app, house.manager)


def note_in(page: str) -> str:
    found = re.search(r'name="note" value="([^"]+)"', page)
    assert found
    return found[1]


def choose(browser: Browser, note: str, slug: str) -> Any:
    token = csrf_token(browser, "/")
    fields = {"csrf_token": token, "note": note, "company": slug}
    return browser.post("/share/for", data=fields)


def test_who_has_several_companies_says_for_which_one_it_is(
    both: Browser, world: World
) -> None:
    asked = share(both)
    assert (asked.status_code, kept()) == (200, [])
    assert "Rien n’est encore déposé" in asked.text
    answer = choose(both, note_in(asked.text), world.alder.elm.slug)
    assert answer.status_code == 200
    assert world.alder.elm.name in answer.text
    assert kept() == [
        ("Ticket.pdf", "inbox", "phone"),
        ("Ticket (2).pdf", "inbox", "phone"),
    ]
    companies = set(db.session.scalars(select(Document.company_id)))
    assert companies == {world.alder.elm.id}


def test_a_second_click_deposits_nothing_twice_nor_for_another_company(
    both: Browser, world: World
) -> None:
    note = note_in(share(both).text)
    for _ in range(2):
        assert choose(both, note, world.alder.elm.slug).status_code == 200
    other = choose(both, note, world.alder.dune.slug)
    assert other.status_code == 409
    assert "Déjà déposé pour une autre entreprise" in other.text
    assert len(kept()) == 2
    for document in db.session.scalars(select(Document)):
        got = both.get(f"/documents/{document.id}/download")
        assert sha256(got.data).hexdigest() == document.sha256


def test_a_note_of_another_person_or_another_day_is_refused(
    app: Flask, both: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = world.alder
    note = note_in(share(both).text)
    for browser, given in (
        (signed_in(app, house.user), note),
        (both, note[:-1]),
        (both, ""),
    ):
        answer = choose(browser, given, house.dune.slug)
        assert answer.status_code == 422
        assert "partagez de nouveau" in answer.text
    monkeypatch.setattr(sharing, "PATIENCE", timedelta(seconds=-1))
    assert choose(both, note, house.dune.slug).status_code == 422
    assert kept() == []


def test_a_company_of_others_is_not_found(both: Browser, world: World) -> None:
    note = note_in(share(both).text)
    for slug in (world.birch.elm.slug + "x", "", "no-such"):
        assert choose(both, note, slug).status_code == 404
    assert kept() == []


def test_what_cannot_be_kept_is_told_before_the_choice(
    both: Browser, world: World
) -> None:
    files = ((b"MZ" + bytes(100), "jeu.exe"), (one_page_pdf("first"), "Ticket.pdf"))
    asked = share(both, files=files)
    assert "contient un programme" in asked.text
    choose(both, note_in(asked.text), world.alder.dune.slug)
    assert [name for name, _kind, _channel in kept()] == ["Ticket.pdf"]
    answer = share(both, files=files[:1])
    assert answer.status_code == 422
    assert "contient un programme" in answer.text


def test_where_no_folder_is_open_that_is_said(app: Flask, world: World) -> None:
    for folder in db.session.scalars(select(Folder).where(Folder.kind == "inbox")):
        folder.visibility = "read_only"
    db.session.commit()
    dora = signed_in(app, world.alder.manager)
    answer = share(dora)
    assert (answer.status_code, kept()) == (303, [])
    assert "Aucun dossier n’est ouvert à vos dépôts" in dora.get("/").text


def test_the_firm_s_people_do_not_share(app: Flask, world: World) -> None:
    assert share(signed_in(app, world.alder.admin)).status_code == 404


def test_nothing_shared_is_told(app: Flask, world: World) -> None:
    dora = signed_in(app, world.alder.manager)
    empty = dora.post("/share", data={}, headers={"Sec-Fetch-Site": "none"})
    assert empty.status_code in {400, 422}
    assert "</html>" in empty.text
