"""Of a folder only the documents of one state: to treat, validated, refused."""

import re
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import database_now, db
from app.library import listing
from app.library.models import STATUSES, Document
from tests.cast import Browser, House, World, signed_in
from tests.library.test_in_list import by_script
from tests.library.test_ordering import pages


@pytest.fixture
def house(world: World) -> House:
    """Six documents, two of each state: the numbers are told by their order."""
    house = world.alder
    for number in range(6):
        document = house.drop(f"{number}.pdf").document
        document.status = STATUSES[number % 3]
    db.session.commit()
    return house


def named(name: str) -> Document:
    return db.session.scalars(select(Document).where(Document.name == name)).one()


def url(house: House, query: str) -> str:
    return f"/companies/{house.dune.slug}/folders/{house.folder().id}?{query}"


@pytest.fixture(params=["staff", "manager"])
def somebody(app: Flask, house: House, request: pytest.FixtureRequest) -> Browser:
    return signed_in(app, getattr(house, request.param))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=received", ["3", "0"]),
        ("state=validated&sort=name", ["1", "4"]),
        ("state=rejected&sort=-name", ["5", "2"]),
        ("state=nonsense", ["5", "4", "3", "2", "1", "0"]),
    ],
)
def test_those_of_a_state_are_read_to_their_end_without_a_gap(
    house: House,
    somebody: Browser,
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    names: list[str],
) -> None:
    monkeypatch.setattr(listing, "ROWS", 1)
    assert pages(somebody, url(house, query)) == [f"{name}.pdf" for name in names]


@pytest.mark.parametrize("state", STATUSES)
def test_what_is_counted_is_the_whole_folder(
    house: House, somebody: Browser, state: str
) -> None:
    page = somebody.get(url(house, f"state={state}")).text
    assert "6 documents" in page
    assert "2 sur 6" in page


def test_a_folder_with_none_of_them_says_so_and_leads_back(
    house: House, somebody: Browser
) -> None:
    for number in (2, 5):
        named(f"{number}.pdf").status = "received"
    db.session.commit()
    page = somebody.get(url(house, "state=rejected")).text
    assert "Aucun document refusé ici" in page
    assert "6 documents" in page
    assert re.search(r'<a class="button"\s+href="\?">Tout afficher', page)


def test_the_order_and_the_state_are_kept_by_each_other(
    house: House, somebody: Browser
) -> None:
    page = somebody.get(url(house, "state=rejected&sort=name")).text.replace(
        "&amp;", "&"
    )
    assert 'href="?sort=name&state=validated"' in page
    assert "?sort=-name&state=rejected" in page
    poll = re.search(r'hx-get="([^"]+rows[^"]+)"', page)
    assert poll
    assert somebody.get(poll[1]).status_code == 204


@pytest.mark.parametrize(
    ("query", "last"), [("sort=name", "5.pdf"), ("state=received", "0.pdf")]
)
def test_a_page_that_its_last_document_has_left_counts_those_before_it(
    house: House,
    somebody: Browser,
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    last: str,
) -> None:
    monkeypatch.setattr(listing, "ROWS", 1)
    at = url(house, query)
    while more := re.search(r'href="([^"]+)" rel="next"', somebody.get(at).text):
        at = unescape(more[1])
    named(last).trashed_at = database_now()
    db.session.commit()
    page = somebody.get(at).text
    assert "5 documents" in page
    assert "Il ne reste aucun document sur cette page" in page
    assert "Rien dans" not in page
    assert "Aucun document reçu ici" not in page


def test_what_an_act_takes_out_of_the_state_leaves_the_list(
    app: Flask, house: House
) -> None:
    staff = signed_in(app, house.staff)
    done = named("3.pdf")
    answer = staff.post(
        f"/documents/{done.id}/validate?from=list",
        headers=by_script(house, "?state=received"),
    )
    assert answer.status_code == 200
    assert f'id="document-{done.id}" hx-swap-oob="delete"' in answer.text
    stayed = named("0.pdf")
    assert str(stayed.id) not in answer.text
