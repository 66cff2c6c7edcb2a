"""A folder's page in the order that a person chose, read to its end without a gap."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.library import listing
from app.library.models import Document
from tests.cast import Browser, House, World, signed_in

NAMES = ("Élan.pdf", "avoir.pdf", "Banque.pdf", "banque.pdf", "10.pdf", "9.pdf")


@pytest.fixture
def house(world: World) -> House:
    house = world.alder
    for number, name in enumerate(NAMES):
        document = house.drop(name).document
        document.size = (number * 7) % 5 * 1000
        document.arrived_at -= timedelta(hours=number % 3)
    db.session.commit()
    return house


@pytest.fixture
def ada(app: Flask, house: House) -> Browser:
    return signed_in(app, house.admin)


def pages(browser: Browser, url: str) -> list[str]:
    """The names on all pages, following each «Documents suivants»."""
    seen: list[str] = []
    while url:
        page = browser.get(url).text
        seen += re.findall(r'class="document-name"[^>]*title="([^"]+)"', page)
        more = re.search(r'<a href="([^"]+)" rel="next">', page)
        url = more[1].replace("&amp;", "&") if more else ""
    return seen


@pytest.mark.parametrize(
    ("sort", "key", "is_reversed"),
    [
        ("name", lambda d: (d.name.lower(), d.id), False),
        ("-name", lambda d: (d.name.lower(), d.id), True),
        ("size", lambda d: (d.size, d.id), False),
        ("-size", lambda d: (d.size, d.id), True),
        ("date", lambda d: (d.arrived_at, d.id), False),
        ("-date", lambda d: (d.arrived_at, d.id), True),
        ("nonsense", lambda d: (d.arrived_at, d.id), True),
    ],
)
def test_every_order_is_read_page_by_page_without_a_gap(
    house: House,
    ada: Browser,
    monkeypatch: pytest.MonkeyPatch,
    sort: str,
    key: object,
    is_reversed: bool,
) -> None:
    monkeypatch.setattr(listing, "ROWS", 2)
    folder = house.folder()
    wanted = sa.select(Document).where(Document.folder_id == folder.id)
    found = sorted(db.session.scalars(wanted), key=key, reverse=is_reversed)  # type: ignore[call-overload]
    url = f"/companies/{house.dune.slug}/folders/{folder.id}?sort={sort}"
    assert pages(ada, url) == [document.name for document in found]


def test_a_heading_turns_the_order_round_and_says_so(
    house: House, ada: Browser
) -> None:
    url = f"/companies/{house.dune.slug}/folders/{house.folder().id}"
    page = ada.get(url).text
    assert 'aria-sort="descending"' in page
    assert f'href="{url}?sort=date"' in page
    assert f'href="{url}?sort=name"' in page
    page = ada.get(f"{url}?sort=name").text
    assert 'aria-sort="ascending"' in page
    assert f'href="{url}?sort=-name"' in page


def test_the_poll_keeps_the_order(house: House, ada: Browser) -> None:
    url = f"/companies/{house.dune.slug}/folders/{house.folder().id}"
    page = ada.get(f"{url}?sort=size").text
    poll = re.search(r'hx-get="([^"]+rows[^"]+)"', page)
    assert poll
    assert "sort=size" in poll[1]
    assert ada.get(poll[1].replace("&amp;", "&")).status_code == 204


@pytest.mark.parametrize("after", ["x", "1.2", "00000000-0000-0000-0000-000000000000"])
@pytest.mark.parametrize("sort", ["name", "date", ""])
def test_a_place_that_is_none_is_no_error(
    house: House, ada: Browser, after: str, sort: str
) -> None:
    url = f"/companies/{house.dune.slug}/folders/{house.folder().id}"
    assert ada.get(f"{url}?sort={sort}&after={after}").status_code == 200


@pytest.mark.parametrize("sort", ["name", "-name", "size", "-size"])
def test_an_order_reads_its_index_and_sorts_what_is_shown_alone(
    house: House, ada: Browser, sort: str
) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite is for folders of a demonstration")
    said: list[tuple[str, object]] = []

    def note(_c: object, _d: object, statement: str, given: object, *_: object) -> None:
        said.append((statement, given))

    url = f"/companies/{house.dune.slug}/folders/{house.folder().id}?sort={sort}"
    sa.event.listen(db.engine, "before_cursor_execute", note)
    ada.get(url)
    sa.event.remove(db.engine, "before_cursor_execute", note)
    [(statement, given)] = [one for one in said if "counted" in one[0]]
    with db.engine.begin() as line:
        # So few rows would be sorted as soon; whether it must be is asked.
        line.exec_driver_sql("SET LOCAL enable_sort = off")
        plan = line.exec_driver_sql(f"EXPLAIN {statement}", given)  # type: ignore[arg-type]
        text = "\n".join(row[0] for row in plan)
    assert f"ix_documents_by_{sort.removeprefix('-')}" in text, text
    # Their deliveries beside them, the fifty are put in order once more.
    assert text.count("Sort Key") <= 1, text
    assert not re.search(r"Limit .*\n\s+->  (Incremental )?Sort", text), text
