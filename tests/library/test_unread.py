"""What is new for a person, in the list and on the tree; each one's own."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app.db import db
from app.library.deposit import Deposited
from app.library.models import Folder
from app.library.unread import MOST
from tests.cast import PURCHASES, Browser, House, World, signed_in
from tests.library.test_page import poll_url

OCTOBER = f"{PURCHASES}/10 – Octobre"


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def staff(app: Flask, house: House) -> Browser:
    return signed_in(app, house.staff)


@pytest.fixture
def client(app: Flask, house: House) -> Browser:
    return signed_in(app, house.manager)


def url_of(house: House, path: str = PURCHASES) -> str:
    return f"/companies/{house.dune.slug}/folders/{house.folder(path).id}"


def page(browser: Browser, house: House, path: str = PURCHASES) -> BeautifulSoup:
    return BeautifulSoup(browser.get(url_of(house, path)).text, "html.parser")


def unread(browser: Browser, house: House, path: str = PURCHASES) -> list[str]:
    rows = page(browser, house, path).select("tr.is-unread .document-name")
    return sorted(str(row["title"]) for row in rows)


def counts(soup: BeautifulSoup, folder: Folder) -> dict[str, str]:
    """On the folder's node: of itself, and of all below."""
    node = soup.select_one(f'.tree-node[href$="/{folder.id}"]')
    assert node
    return {
        str(count["class"][1]).removeprefix("tree-count-"): count.text.split(",")[0]
        for count in node.select(".tree-count")
    }


def test_what_others_deposited_is_new_until_it_is_opened(
    staff: Browser, client: Browser, house: House
) -> None:
    done = house.drop("a.pdf")
    house.drop("b.pdf")
    assert unread(staff, house) == ["a.pdf", "b.pdf"]
    assert unread(client, house) == []  # the manager's own
    staff.get(f"/documents/{done.document.id}")
    assert unread(staff, house) == ["b.pdf"]
    staff.get(f"/documents/{done.document.id}/download")
    assert unread(staff, house) == ["b.pdf"]


def test_what_one_person_read_is_still_new_for_another(
    app: Flask, staff: Browser, house: House
) -> None:
    done = house.drop("a.pdf")
    staff.get(f"/documents/{done.document.id}")
    assert unread(signed_in(app, house.admin), house) == ["a.pdf"]


def test_what_was_there_before_the_person_is_no_news(
    staff: Browser, house: House
) -> None:
    done = house.drop("a.pdf")
    done.document.arrived_at = house.staff.created_at - timedelta(days=1)
    db.session.commit()
    assert unread(staff, house) == []


def test_all_is_marked_as_read_here_and_below_and_what_comes_then_is_new(
    staff: Browser, house: House
) -> None:
    house.drop("a.pdf")
    house.drop("b.pdf", path=OCTOBER)
    house.drop("c.pdf", path="Juridique")
    assert "pane-read" in staff.get(url_of(house)).text
    assert staff.post(f"{url_of(house)}/read").status_code == 303
    assert "pane-read" not in staff.get(url_of(house)).text
    assert unread(staff, house) == unread(staff, house, OCTOBER) == []
    assert unread(staff, house, "Juridique") == ["c.pdf"]
    house.drop("d.pdf")
    assert unread(staff, house) == ["d.pdf"]
    assert staff.post(f"{url_of(house)}/read").status_code == 303
    assert unread(staff, house) == []


def test_what_somebody_moves_is_new_where_it_came_for_those_who_know_nothing_of_it(
    app: Flask, staff: Browser, client: Browser, house: House
) -> None:
    done, opened = (house.drop(f"{name}.pdf", path="À classer") for name in "ab")
    staff.get(f"/documents/{opened.document.id}")
    admin = signed_in(app, house.admin)
    for somebody in (staff, client, admin):
        somebody.post(f"{url_of(house)}/read")
    for each in (done, opened):
        to = {"folder": house.folder().id}
        admin.post(f"/documents/{each.document.id}/move", data=to)
    assert unread(staff, house) == ["a.pdf"]
    assert counts(page(staff, house), house.folder()) == {"own": "1", "whole": "1"}
    assert unread(admin, house) == unread(client, house) == []
    staff.post(f"{url_of(house)}/read")
    assert unread(staff, house) == []
    assert counts(page(staff, house), house.folder()) == {}


def test_what_a_person_files_is_no_news_for_them(staff: Browser, house: House) -> None:
    done = house.drop("a.pdf", path="À classer")
    staff.post(f"{url_of(house, 'À classer')}/read")
    to = {"folder": house.folder().id}
    staff.post(f"/documents/{done.document.id}/move", data=to)
    assert unread(staff, house) == []


def test_the_tree_counts_each_folder_and_what_lies_below_it(
    staff: Browser, house: House
) -> None:
    for name in "abc":
        house.drop(f"{name}.pdf", path=OCTOBER)
    house.drop("d.pdf")
    soup = page(staff, house)
    assert counts(soup, house.folder(OCTOBER)) == {"all": "3"}
    assert counts(soup, house.folder()) == {"own": "1", "whole": "4"}
    above = house.folder("Dossier comptable annuel")
    assert counts(soup, above) == {"whole": "4"}
    nodes = staff.get(
        f"{url_of(house, 'Dossier comptable annuel')}/nodes",
        headers={"HX-Request": "true"},
    )
    [year] = BeautifulSoup(nodes.text, "html.parser").select("a .tree-count")
    assert year.text.split(",")[0] == "4"


def test_more_than_a_hundred_are_not_counted(staff: Browser, house: House) -> None:
    for number in range(MOST + 5):
        house.drop(f"{number}.pdf", content=b"%PDF-1.4 " + str(number).encode())
    assert counts(page(staff, house), house.folder())["own"] == "99+"


def test_a_client_counts_nothing_of_what_they_may_not_see(
    app: Flask, client: Browser, house: House
) -> None:
    admin = signed_in(app, house.admin)
    secret = Folder(
        firm_id=house.firm.id,
        company_id=house.dune.id,
        parent_id=house.folder().id,
        name="Notes",
        visibility="firm_only",
    )
    db.session.add(secret)
    db.session.commit()
    done: Deposited = house.drop("Secret.pdf", path=f"{PURCHASES}/Notes")
    done.document.depositor_id = house.admin.id
    db.session.commit()
    soup = page(client, house)
    assert counts(soup, house.folder()) == {}
    assert soup.select(".tree-count, .pane-read") == []
    assert admin.get(url_of(house)).status_code == 200


def test_the_page_looks_again_when_the_person_read_one_elsewhere(
    staff: Browser, client: Browser, house: House
) -> None:
    done = house.drop("a.pdf")
    theirs, others = (poll_url(page(b, house)) for b in (staff, client))
    assert staff.get(theirs).status_code == client.get(others).status_code == 204
    staff.get(f"/documents/{done.document.id}")
    assert staff.get(theirs).status_code == 200
    assert client.get(others).status_code == 204
