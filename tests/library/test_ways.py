"""A directory that is dropped keeps its structure: folders are made once, and only
where the person may."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import db
from app.delivery.models import Delivery
from app.library.models import Document, Folder
from app.library.trashing import trash_folder
from app.library.tree import chain
from tests.cast import PURCHASES, Browser, House, World, signed_in
from tests.conftest import POSTGRES
from tests.papers import one_page_pdf


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def client(app: Flask, house: House) -> Browser:
    return signed_in(app, house.manager)


def drop(
    browser: Browser, house: House, way: str, name: str = "a.pdf", **more: Any
) -> Any:
    folder = more.pop("into", None) or house.folder()
    if way:  # the test client cannot say an empty one
        more["path"] = way
    return browser.post(
        f"/companies/{house.dune.slug}/folders/{folder.id}/documents",
        data={"file": (BytesIO(one_page_pdf(name)), name)} | more,
        headers={"HX-Request": "true"},
    )


def ways(house: House) -> list[str]:
    """Of each document, from the folder of purchases on."""
    start = house.folder().id
    found = []
    for document in db.session.scalars(select(Document).order_by(Document.name)):
        path = chain(document.folder_id, house.dune.id, afresh=True)
        at = [folder.id for folder in path].index(start)
        found.append("/".join([f.name for f in path[at + 1 :]] + [document.name]))
    db.session.commit()
    return found


def test_folders_are_made_on_the_way_and_once(client: Browser, house: House) -> None:
    for name, way in (
        ("1.pdf", "Banque 2026/Relevés"),
        ("2.pdf", "Banque 2026/Relevés"),
        ("3.pdf", "Banque 2026"),
        ("4.pdf", ""),
    ):
        answer = drop(client, house, way, name)
        assert answer.status_code == 200, answer.text
    assert ways(house) == [
        "Banque 2026/Relevés/1.pdf",
        "Banque 2026/Relevés/2.pdf",
        "Banque 2026/3.pdf",
        "4.pdf",
    ]
    made = db.session.scalar(select(Folder).where(Folder.name == "Relevés"))
    assert made
    assert (made.visibility, made.is_locked) == ("shared", False)


def test_the_switch_above_sends_what_lies_in_folders_that_were_made(
    client: Browser, house: House
) -> None:
    house.switch("on")
    drop(client, house, "Novembre/Carburant")
    assert house_deliveries() == ["pending"]


def house_deliveries() -> list[str]:
    found = list(db.session.scalars(select(Delivery.state)))
    db.session.commit()
    return found


@pytest.mark.parametrize(
    ("way", "kept"),
    [
        ("../../etc", None),
        ("a/\u200b/b", None),
        ("x" * 5000, None),
        ("/".join(["a"] * 80), None),
        ("//a//b/", "a/b/a.pdf"),
        ("a\\b/c", "a-b/c/a.pdf"),
        ("e\u0301te\u0301", "été/a.pdf"),
    ],
)
def test_names_on_the_way_keep_the_rules_of_folder_names(
    client: Browser, house: House, way: str, kept: str | None
) -> None:
    answer = drop(client, house, way)
    assert answer.status_code == (200 if kept else 422)
    assert ways(house) == ([kept] if kept else [])
    if kept is None:
        assert 'data-result="refused"' in answer.text


def test_a_folder_whose_name_is_too_long_is_kept_shortened_and_that_is_said(
    client: Browser, house: House
) -> None:
    answer = drop(client, house, "Chantiers/" + "n" * 300)
    assert answer.status_code == 200
    assert "Le nom de son dossier était trop long" in answer.text
    made = db.session.scalars(select(Folder).where(Folder.name.startswith("nnn"))).one()
    assert (len(made.name), made.name[-1]) == (255, "…")
    assert "trop long" not in drop(client, house, "Chantiers", "b.pdf").text


def test_a_client_makes_no_folder_where_they_may_not_file(
    client: Browser, house: House
) -> None:
    folder = Folder(
        firm_id=house.firm.id,
        company_id=house.dune.id,
        parent_id=house.folder().id,
        name="Bilans",
        visibility="read_only",
    )
    db.session.add(folder)
    db.session.commit()
    assert drop(client, house, "Bilans/2026").status_code == 422
    assert drop(client, house, "x", into=folder).status_code == 403
    assert ways(house) == []


def test_a_folder_that_the_person_may_not_see_stays_unseen(
    client: Browser, house: House
) -> None:
    hidden = Folder(
        firm_id=house.firm.id,
        company_id=house.dune.id,
        parent_id=house.folder().id,
        name="Notes",
        visibility="firm_only",
    )
    db.session.add(hidden)
    db.session.commit()
    for name in ("1.pdf", "2.pdf"):
        assert drop(client, house, "Notes", name).status_code == 200
    assert ways(house) == ["Notes (2)/1.pdf", "Notes (2)/2.pdf"]


def test_a_folder_in_the_trash_is_made_anew(client: Browser, house: House) -> None:
    drop(client, house, "Chantiers", "1.pdf")
    folder = db.session.scalars(select(Folder).where(Folder.name == "Chantiers")).one()
    trash_folder(folder, by=house.staff)
    db.session.commit()
    assert drop(client, house, "Chantiers", "2.pdf").status_code == 200
    living = select(Folder.id).where(
        Folder.name == "Chantiers", Folder.trashed_at.is_(None)
    )
    assert len(db.session.scalars(living).all()) == 1


def test_a_repeated_upload_makes_nothing_twice(client: Browser, house: House) -> None:
    once = str(uuid.uuid4())
    for _ in range(2):
        assert drop(client, house, "a/b", upload_id=once).status_code == 200
    assert ways(house) == ["a/b/a.pdf"]


@pytest.mark.skipif(not POSTGRES, reason="SQLite takes one after another")
def test_six_files_at_once_find_the_same_new_folders(app: Flask, house: House) -> None:
    browsers = [signed_in(app, house.manager) for _ in range(6)]
    ready = threading.Barrier(6)
    url = f"/companies/{house.dune.slug}/folders/{house.folder(PURCHASES).id}/documents"
    db.session.commit()

    def send(number: int) -> int:
        name = f"{number}.pdf"
        data = {"file": (BytesIO(one_page_pdf(name)), name), "path": "Un/Deux"}
        ready.wait(10)
        status: int = browsers[number].post(url, data=data).status_code
        return status

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(send, range(6))) == [303] * 6
    assert ways(house) == [f"Un/Deux/{number}.pdf" for number in range(6)]
