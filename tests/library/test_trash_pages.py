"""All that lies in the trash can be reached, however much there is."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.db import db, utc_now
from app.library import trash
from app.library.models import Document, Folder
from app.library.together import Hands, act_on_all
from app.library.tree import Sight
from tests.cast import House, World, signed_in

RESTORE = re.compile(r'action="/(documents|folders)/([0-9a-f-]{36})/restore"')


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def trashed(house: House) -> set[str]:
    """Five documents at one moment, and a folder."""
    documents = [house.drop(f"{number}.pdf").document for number in range(5)]
    hands = Hands(house.admin, house.dune, Sight(firm_side=True))
    act_on_all([document.id for document in documents], "trash", hands)
    folder = house.folder("Juridique")
    folder.trashed_at, folder.trashed_with_id = utc_now(), folder.id
    db.session.commit()
    return {str(folder.id), *(str(document.id) for document in documents)}


def test_page_by_page_each_thing_is_there_once(
    app: Flask, house: House, trashed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trash, "A_PAGE", 2)
    moments = select(func.count(Document.trashed_at.distinct()))
    assert db.session.scalar(moments) == 1
    staff, seen = signed_in(app, house.admin), []
    address: str | None = f"/companies/{house.dune.slug}/trash"
    while address:
        page = staff.get(address).text
        here = [found[1] for found in RESTORE.findall(page)]
        assert len(here) == 2
        seen += here
        link = re.search(r'href="([^"]+)"\s+rel="next"', page)
        address = link[1].replace("&amp;", "&") if link else None
    assert (len(seen), set(seen)) == (6, trashed)
    assert "Les derniers arrivés" in page


def test_a_page_that_was_restored_meanwhile_shows_the_newest(
    app: Flask, house: House, trashed: set[str]
) -> None:
    staff = signed_in(app, house.admin)
    for place in ("1.00000000-0000-0000-0000-000000000000", "no place"):
        page = staff.get("/trash", query_string={"after": place}).text
        assert {found[1] for found in RESTORE.findall(page)} == trashed


def test_what_lies_there_for_longer_is_said_to(
    app: Flask, house: House, trashed: set[str]
) -> None:
    old = utc_now() - timedelta(days=31)
    for table in (Document, Folder):
        in_trash = table.trashed_at.is_not(None)
        db.session.execute(update(table).where(in_trash).values(trashed_at=old))
    db.session.commit()
    page = signed_in(app, house.admin).get("/trash").text
    assert page.count("les 30 jours sont passés") == len(trashed)
    assert "0 jour" not in page.replace("\N{NO-BREAK SPACE}", " ").replace(
        "30 jour", ""
    )
