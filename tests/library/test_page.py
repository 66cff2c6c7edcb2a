"""The folder page: what it shows to whom, at what price, and how it follows."""

import re
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import event

from app.db import db
from app.delivery.models import Delivery
from app.library.making import make_folder
from app.library.receiving import receive
from app.library.replacing import replace
from app.people.models import Person
from tests.cast import PURCHASES, Browser, House, World, signed_in


def url_of(house: House, path: str = PURCHASES) -> str:
    return f"/companies/{house.dune.slug}/folders/{house.folder(path).id}"


def page(browser: Browser, url: str, **more: Any) -> BeautifulSoup:
    answer = browser.get(url, **more)
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def statuses(soup: BeautifulSoup) -> list[Any]:
    return [cell["data-status"] for cell in soup.select("[data-status]")]


def poll_url(soup: BeautifulSoup) -> str:
    found = soup.select_one("#documents")
    assert found
    return str(found["hx-get"])


def test_a_row_bears_its_document_s_id_as_was_promised(
    app: Flask, world: World
) -> None:
    """The contract with those who read the page by program."""
    house = world.alder
    document = house.drop("a.pdf").document
    for person in (house.admin, house.manager):
        soup = page(signed_in(app, person), url_of(house))
        rows = [row["data-document"] for row in soup.select("tr[data-document]")]
        assert rows == [str(document.id)]


def test_firm_and_client_see_each_their_words(app: Flask, world: World) -> None:
    house = world.alder
    house.switch("on")
    house.drop("a.pdf")
    url = url_of(house)
    assert statuses(page(signed_in(app, house.admin), url)) == ["pending"]
    assert statuses(page(signed_in(app, house.manager), url)) == ["received"]


@pytest.mark.parametrize(
    "state", ["pending", "sending", "in_doubt", "deferred", "held", "failed", "unknown"]
)
def test_no_state_of_a_delivery_shows_to_a_client(
    app: Flask, world: World, state: str
) -> None:
    house = world.alder
    house.switch("on")
    [delivery] = house.drop("a.pdf").deliveries
    dora = signed_in(app, house.manager)
    soup = page(dora, url_of(house))
    delivery.state = state
    delivery.last_text = "451 canary"
    db.session.commit()
    assert dora.get(poll_url(soup)).status_code == 204
    again = dora.get(url_of(house)).text
    assert "canary" not in again
    assert statuses(BeautifulSoup(again, "html.parser")) == ["received"]


def test_the_page_asks_and_is_told_only_what_changed(app: Flask, world: World) -> None:
    house = world.alder
    house.switch("on")
    [delivery] = house.drop("a.pdf").deliveries
    ada = signed_in(app, house.admin)
    first = poll_url(page(ada, url_of(house)))
    assert ada.get(first).status_code == 204
    delivery.state = "deferred"
    db.session.commit()
    answer = ada.get(first, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    fresh = BeautifulSoup(answer.text, "html.parser")
    assert statuses(fresh) == ["deferred"]
    assert ada.get(poll_url(fresh)).status_code == 204


def test_a_new_document_of_somebody_else_appears_by_the_poll(
    app: Flask, world: World
) -> None:
    dora = signed_in(app, world.alder.manager)
    first = poll_url(page(dora, url_of(world.alder)))
    done = world.alder.drop("b.pdf")
    assert f'data-document="{done.document.id}"' in dora.get(first).text


def test_a_page_of_a_folder_costs_the_same_whatever_it_holds(
    app: Flask, world: World
) -> None:
    house = world.alder
    house.switch("on")
    ada = signed_in(app, house.admin)
    counts = []
    for number in (1, 30):
        for n in range(number):
            house.drop(f"{number}-{n}.pdf")
        ada.get(url_of(house))
        counts.append(count_queries(ada, url_of(house)))
    assert counts[0] == counts[1] <= 6


def count_queries(browser: Browser, url: str) -> int:
    said: list[str] = []

    def listen(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            said.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    browser.get(url)
    event.remove(db.engine, "before_cursor_execute", listen)
    return len(said)


def test_more_than_fifty_rows_are_cut_into_pages_without_loss(
    app: Flask, world: World
) -> None:
    house = world.alder
    names = {f"{n:03d}.pdf" for n in range(120)}
    for name in sorted(names):
        house.drop(name, content=b"%PDF-1.4 " + name.encode())
    ada = signed_in(app, house.admin)
    seen: list[str] = []
    url: str | None = url_of(house)
    while url:
        soup = page(ada, url)
        seen += [str(r["data-document"]) for r in soup.select("[data-document]")]
        following = soup.select_one('a[rel="next"]')
        url = str(following["href"]) if following else None
    assert len(seen) == len(set(seen)) == 120


def test_a_place_that_is_nonsense_shows_the_first_page(
    app: Flask, world: World
) -> None:
    world.alder.drop("a.pdf")
    ada = signed_in(app, world.alder.admin)
    for after in ("x", "1.2", "99999999999999999999.x", "'; drop table", ""):
        soup = page(ada, url_of(world.alder), query_string={"after": after})
        assert len(statuses(soup)) == 1


def test_the_tree_has_its_roles_and_marks(app: Flask, world: World) -> None:
    house = world.alder
    house.switch("on")
    soup = page(signed_in(app, house.admin), url_of(house))
    assert soup.select_one('[role="tree"]')
    current = soup.select_one('[role="treeitem"][aria-current], [aria-selected="true"]')
    assert current
    assert "Achats" in current.text


def test_the_tree_does_not_tell_a_client_that_something_lies_below(
    app: Flask, world: World
) -> None:
    house = world.alder
    notes = make_folder(house.dune, house.folder("Juridique"), "Notes", by=house.admin)
    notes.visibility = "firm_only"
    db.session.commit()

    def is_open(person: Person) -> bool:
        soup = page(signed_in(app, person), url_of(house, "Social"))
        [item] = [i for i in soup.select('[role="treeitem"]') if "Juridique" in i.text]
        return item.has_attr("aria-expanded")

    assert (is_open(house.manager), is_open(house.admin)) == (False, True)


def test_restoring_history_gets_the_whole_page(app: Flask, world: World) -> None:
    ada = signed_in(app, world.alder.admin)
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    answer = ada.get(url_of(world.alder), headers=headers)
    assert "<html" in answer.text
    assert {"Cookie", "HX-Request"} <= set(re.split(r", ?", answer.headers["Vary"]))
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_file_is_given_as_a_download_and_never_as_a_page(
    app: Flask, world: World
) -> None:
    done = world.alder.drop("page.html", content=b"<script>window.__x=1</script>")
    dora = signed_in(app, world.alder.manager)
    answer = dora.get(f"/documents/{done.document.id}/download")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_firm_reads_which_document_has_the_same_content(
    app: Flask, world: World
) -> None:
    """Of a copy, or of the same file deposited twice; until either has a new version,
    or the earlier one is thrown away."""
    house = world.alder
    house.drop("first.pdf", content=b"%PDF-1.4 same")
    second = house.drop("second.pdf", content=b"%PDF-1.4 same").document
    ada, dora = signed_in(app, house.admin), signed_in(app, house.manager)
    paths = (url_of(house), f"/documents/{second.id}")
    for path in paths:
        assert "Contenu identique à" in ada.get(path).text
        assert "first.pdf" in ada.get(path).text
        assert "Contenu identique" not in dora.get(path).text
    replace(second, receive([b"%PDF-1.4 other"], "second.pdf"), by=house.admin)
    db.session.commit()
    for path in paths:
        assert "Contenu identique" not in ada.get(path).text


def test_names_are_shown_as_text(app: Flask, world: World) -> None:
    world.alder.drop('"><img src=x onerror=alert(1)>.pdf')
    text = signed_in(app, world.alder.admin).get(url_of(world.alder)).text
    assert "<img src=x" not in text
    assert len(world.alder.drop("a" * 300 + ".pdf").document.name) == 255


def test_a_firm_only_folder_and_what_is_in_it_are_not_found_by_clients(
    app: Flask, world: World
) -> None:
    done = world.alder.drop("secret.pdf", path="Cabinet")
    dora = signed_in(app, world.alder.manager)
    assert dora.get(f"/documents/{done.document.id}").status_code == 404
    assert dora.get(f"/documents/{done.document.id}/download").status_code == 404
    assert dora.get(url_of(world.alder, "Cabinet")).status_code == 404
    assert "secret.pdf" not in dora.get("/").text


def test_a_client_reads_a_validation_by_its_date_only(app: Flask, world: World) -> None:
    from app.activity.recording import record

    house = world.alder
    done = house.drop("a.pdf")
    done.document.status = "validated"
    record(
        "validated",
        firm_id=house.firm.id,
        company_id=house.dune.id,
        document_id=done.document.id,
    )
    record(
        "transmitted",
        firm_id=house.firm.id,
        document_id=done.document.id,
        firm_only=True,
        destination="canary@tool.test",
    )
    db.session.commit()
    text = signed_in(app, house.manager).get(f"/documents/{done.document.id}").text
    assert "Validé par votre cabinet" in text
    assert "canary" not in text
    assert "automate" not in text
    assert db.session.query(Delivery).count() == 0


def test_the_addresses_of_a_page_lead_where_they_say(app: Flask, world: World) -> None:
    house = world.alder
    done = house.drop("a.pdf")
    ada = signed_in(app, house.admin)
    soup = page(ada, url_of(house))
    row = soup.select_one(f'[data-document="{done.document.id}"]')
    assert row
    for link in row.select("a[href]"):
        assert ada.get(str(link["href"])).status_code == 200
    below = soup.select("#tree [hx-get]")
    assert below
    for one in [*soup.select("#tree a"), *below]:
        url = str(one.get("hx-get") or one["href"])
        assert ada.get(url, headers={"HX-Request": "true"}).status_code == 200
