"""Which companies are connected to what: the firm's page and its file."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_login import login_user

from app.companies.models import Company
from app.connectors import catalogue, connecting, states
from app.connectors.models import Connection, Destination, FirmApp, OwnApp
from app.connectors.overview import A_PAGE, overview
from app.connectors.overview_search import SORTS, Wanted
from app.db import db, new_id, utc_now
from app.formats import csv_cell
from tests.cast import Browser, House, World, signed_in

PAGE = "/apps/connections"


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL that is issued meanwhile, without what opens and ends transactions."""
    issued: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
            issued.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    yield issued
    sa.event.remove(db.engine, "before_cursor_execute", note)


def many(house: House, companies: int, keys: tuple[str, ...]) -> None:
    """That many companies, each connected to each application; one refused in ten."""
    firm_id, started = house.firm.id, utc_now()
    opened = [
        {
            "id": new_id(),
            "firm_id": firm_id,
            "slug": f"c-{n}",
            "name": f"Société {n:04}",
        }
        | {"mail_domain": "mail.guichet.test", "created_at": started}
        for n in range(companies)
    ]
    connections = [
        {"id": new_id(), "firm_id": firm_id, "company_id": company["id"]}
        | {"app_key": key, "bot_address": f"{key}+{company['slug']}@mail.guichet.test"}
        | {"authorised_at": started - timedelta(minutes=n), "revision": 1}
        | {"authorised_by_id": house.admin.id}
        for n, company in enumerate(opened)
        for key in keys
    ]
    destinations = [
        {"id": new_id(), "firm_id": firm_id, "connection_id": connection["id"]}
        | {"slot": "purchases", "address": f"a{n:05}@tool.test", "changed_at": started}
        | {"refused_at": started if n % 10 == 0 else None}
        for n, connection in enumerate(connections)
    ]
    db.session.execute(sa.insert(Company), opened)
    db.session.execute(sa.insert(Connection), connections)
    db.session.execute(sa.insert(Destination), destinations)
    db.session.add_all(FirmApp(firm_id=firm_id, app_key=key) for key in keys)
    db.session.flush()
    db.session.execute(sa.text("ANALYZE"))  # as the server does by itself, in time
    db.session.commit()


def names(page: str) -> list[str]:
    return re.findall(r'<bdi title="([^"]+)"', page)


def cells(page: str, column: str) -> list[str]:
    found = re.findall(rf'<td class="column-{column}[^>]*>(.*?)</td>', page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in found]


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


@pytest.fixture
def ada(app: Flask, world: World) -> Browser:
    return signed_in(app, world.alder.admin)


def rename(company: Company, name: str) -> None:
    db.session.execute(
        sa.update(Company).where(Company.id == company.id).values(name=name)
    )
    db.session.commit()


def test_a_connection_is_told_with_all_that_is_known_of_it(
    ada: Browser, world: World
) -> None:
    house = world.alder
    connection = house.connect("dext")
    house.switch("on", connection=connection)
    waiting, leaving, held, bounced = (
        house.drop(f"{n}.pdf").deliveries[0] for n in range(4)
    )
    assert waiting.state == "pending"
    leaving.state, held.state, bounced.state = "sending", "held", "bounced"
    connection.last_success_at = utc_now() - timedelta(days=1)
    for destination in connection.destinations:
        destination.changed_at -= timedelta(days=2)
    db.session.commit()
    page = ada.get(PAGE).text
    assert names(page) == ["Dune Alder"]
    assert cells(page, "app") == ["dx Dext"]
    assert "Ada Martin" in cells(page, "since")[0]
    assert cells(page, "state") == ["Connecté"]
    assert cells(page, "destination") == [
        "Achats purchases.dune-alder@tool.test Ventes sales.dune-alder@tool.test"
    ]
    assert "hier" in cells(page, "success")[0]
    assert cells(page, "waiting") == ["À transmettre 2"]
    assert cells(page, "blocked") == ["Bloqués 2"]
    assert f'/apps/dext?company={house.dune.slug}"' in page


def test_each_state_is_told_and_counted_and_found(ada: Browser, world: World) -> None:
    house = world.alder
    for key, company in (("quickbooks", house.dune), ("quickbooks", house.elm)):
        house.connect(key, company)
    refused = house.connect("dext", house.elm)
    refused.destinations[0].refused_at = utc_now()
    missing = connecting.authorise(house.dune, catalogue.get("dext"), by=house.admin)
    connection = house.connect("quickbooks", house.elm)
    connecting.revoke(connection, by=house.admin)
    db.session.commit()
    page = ada.get(PAGE).text
    assert sorted(re.findall(r'data-state="(\w+)"', page)) == [
        *("missing", "off", "refused", "waiting"),
    ]
    for state in ("missing", "off", "refused", "waiting"):
        found = ada.get(f"{PAGE}?state={state}").text
        assert re.findall(r'data-state="(\w+)"', found) == [state]
    missing.last_success_at = utc_now()  # an address first: still «missing»
    db.session.commit()
    assert "connected" not in re.findall(r'data-state="(\w+)"', ada.get(PAGE).text)


def test_the_rule_in_sql_says_what_the_rule_in_python_says(world: World) -> None:
    connection = world.alder.connect("dext")
    known = set()
    for addresses in (2, 1, 0):
        for destination in connection.destinations[addresses:]:
            db.session.delete(destination)
        for refused, revoked, succeeded in product((None, utc_now()), repeat=3):
            for destination in connection.destinations[:addresses]:
                destination.refused_at = refused
            connection.revoked_at, connection.last_success_at = revoked, succeeded
            db.session.commit()
            db.session.expire_all()
            told = states.badge(connection).key
            assert db.session.scalar(sa.select(states.column())) == told
            known.add(told)
    assert known == set(states.STATES)


def test_it_is_found_by_name_without_accents_and_by_application(
    ada: Browser, world: World
) -> None:
    house = world.alder
    rename(house.dune, "Hôtel de l’Œuvre")
    rename(house.elm, "100 % Élan_")
    house.connect("quickbooks")
    house.connect("dext", house.elm)
    for q, found in (
        ("hotel", ["Hôtel de l’Œuvre"]),
        ("L'OEUVRE", ["Hôtel de l’Œuvre"]),
        ("ÉLAN", ["100 % Élan_"]),
        ("elan_", ["100 % Élan_"]),
        ("%", ["100 % Élan_"]),
        ("e_u", []),
        ("\0hotel", ["Hôtel de l’Œuvre"]),
    ):
        page = ada.get(PAGE, query_string={"q": q}).text
        assert names(page) == found, q
    assert names(ada.get(f"{PAGE}?app=dext").text) == ["100 % Élan_"]
    assert names(ada.get(f"{PAGE}?app=dext&q=hotel").text) == []
    assert "Aucune connexion de ce genre" in ada.get(f"{PAGE}?app=dext&q=hotel").text


@pytest.mark.parametrize("sort", SORTS)
def test_it_is_sorted_by_each_column_both_ways(
    ada: Browser, world: World, sort: str
) -> None:
    house = world.alder
    rename(house.dune, "École Zoé")
    rename(house.elm, "Etoile")
    early, late = house.connect("quickbooks"), house.connect("dext", house.elm)
    house.switch("on", connection=early)
    for n in range(3):
        house.drop(f"{n}.pdf")
    house.drop("held.pdf").deliveries[0].state = "held"
    late.authorised_at = utc_now() + timedelta(days=1)
    early.last_success_at = utc_now()
    late.destinations[0].refused_at = utc_now()
    db.session.commit()
    zoe, star = "École Zoé", "Etoile"
    up = {
        "company": [zoe, star],
        "app": [star, zoe],
        "since": [zoe, star],
        "state": [star, zoe],
        "destination": [zoe, star],
        "success": [zoe, star],
        "waiting": [star, zoe],
        "blocked": [star, zoe],
    }[sort]
    page = ada.get(f"{PAGE}?sort={sort}&dir=asc").text
    assert names(page) == up
    assert re.findall(r'aria-sort="(\w+)"', page) == ["ascending"]
    other = ada.get(f"{PAGE}?sort={sort}&dir=desc").text
    # Where there was no send yet the row stays last, either way.
    assert names(other) == (up if sort == "success" else up[::-1])
    assert re.findall(r'aria-sort="(\w+)"', other) == ["descending"]


def test_the_head_of_a_column_leads_there_and_back(ada: Browser, world: World) -> None:
    world.alder.connect()
    seen = []
    page = ada.get(f"{PAGE}?q=dune&state=waiting").text
    for _ in range(2):
        link = re.search(r'id="sort-blocked"\s+href="([^"]+)"', page)
        assert link
        page = ada.get(link[1].replace("&amp;", "&")).text
        seen.append(re.findall(r'aria-sort="(\w+)"', page))
        assert names(page) == ["Dune Alder"]
    assert seen == [["descending"], ["ascending"]]


@pytest.mark.parametrize(
    "query",
    [
        "sort=name;drop&dir=up&state=x&app=%00&page=-1",
        "sort=_found&dir=asc)--&page=99999999999999999999",
        "page=²&sort=&dir=&state=&app=&q=" + "x" * 3000,
        "page=8&page=9&q=%FF%FE",
    ],
)
def test_what_is_unknown_in_the_query_counts_as_not_given(
    ada: Browser, world: World, query: str
) -> None:
    world.alder.connect()
    page = ada.get(f"{PAGE}?{query}")
    assert page.status_code == 200
    assert "column-company" in page.text or "Réinitialiser" in page.text
    assert ada.get(f"{PAGE}.csv?{query}").status_code == 200


def test_staff_see_the_companies_they_are_assigned_to(app: Flask, world: World) -> None:
    world.alder.connect("quickbooks", world.alder.dune)
    world.alder.connect("quickbooks", world.alder.elm)
    world.birch.connect("dext")
    ben = signed_in(app, world.alder.staff)
    assert names(ben.get(PAGE).text) == ["Dune Alder"]
    assert [row[0] for row in table(ben.get(f"{PAGE}.csv").text)[1:]] == ["Dune Alder"]
    ada = signed_in(app, world.alder.admin)
    assert names(ada.get(PAGE).text) == ["Dune Alder", "Elm Alder"]
    assert "birch" not in ada.get(PAGE).text.lower()


def test_an_archived_company_is_not_told(ada: Browser, world: World) -> None:
    world.alder.connect()
    db.session.execute(sa.update(Company).values(archived_at=utc_now()))
    db.session.commit()
    assert names(ada.get(PAGE).text) == []


def test_thirty_companies_cost_as_few_statements_as_three(
    ada: Browser, world: World
) -> None:
    many(world.alder, 3, ("quickbooks",))
    ada.get(PAGE)
    with statements() as few:
        assert len(names(ada.get(PAGE).text)) == 3
    db.session.execute(sa.delete(FirmApp))
    db.session.execute(sa.delete(Company))
    db.session.commit()
    many(world.alder, 30, ("quickbooks",))
    with statements() as more:
        assert len(names(ada.get(PAGE).text)) == 30
    assert len(more) == len(few) <= 12, more
    with ada.application.test_request_context(), statements() as of_data:
        login_user(world.alder.admin)
        of_data.clear()
        assert len(overview(Wanted()).rows) == 30
    assert len(of_data) <= 6, of_data


def test_two_thousand_companies_are_paged_sorted_and_exported(
    ada: Browser, world: World
) -> None:
    many(world.alder, 2000, ("quickbooks", "dext", "own-1"))
    page = ada.get(PAGE).text
    assert len(names(page)) == A_PAGE
    assert "6000 connexions" in page.replace("\u202f", "").replace("\xa0", "")
    last = ada.get(f"{PAGE}?page=120").text
    assert names(last)[-1] == "Société 1999"
    assert ada.get(f"{PAGE}?page=9999").text.count("<bdi title") == A_PAGE
    for sort in SORTS:
        with statements() as issued:
            page = ada.get(f"{PAGE}?sort={sort}&dir=desc&page=3").text
        assert len(issued) <= 12, (sort, issued)
        assert len(names(page)) == A_PAGE
    newest = ada.get(f"{PAGE}?sort=since&dir=desc").text
    assert names(newest)[0] == "Société 0000"
    assert ada.get(f"{PAGE}?sort=destination&dir=desc").text.index("a05999@tool.test")
    assert "600 connexions" in ada.get(f"{PAGE}?state=refused").text
    with statements() as issued:
        rows = table(ada.get(f"{PAGE}.csv?sort=destination").text)[1:]
    assert [row[6].rpartition(" ")[2] for row in rows] == [
        f"a{n:05}@tool.test" for n in range(6000)
    ]
    assert len(issued) <= 12 + 2 * 12, len(issued)


def test_the_file_has_the_filters_of_the_page(ada: Browser, world: World) -> None:
    house = world.alder
    house.connect("dext")
    house.connect("quickbooks", house.elm)
    page = ada.get(f"{PAGE}?app=dext&sort=state").text
    link = re.search(r'href="(/apps/connections\.csv[^"]*)"', page)
    assert link
    answer = ada.get(link[1].replace("&amp;", "&"))
    assert answer.is_streamed
    assert answer.content_type == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="connexions-alder-\d{4}-\d\d-\d\d\.csv"',
        answer.headers["Content-Disposition"],
    )
    assert answer.data.startswith(b"\xef\xbb\xbfEntreprise;Application;")
    [_heads, row] = table(answer.text)
    assert row[:2] == ["Dune Alder", "Dext"]
    assert row[3:7] == [
        *("Ada Martin", "En attente d’activation", "dext+dune-alder@mail.guichet.test"),
        "Achats: purchases.dune-alder@tool.test, Ventes: sales.dune-alder@tool.test",
    ]
    assert row[7:] == ["", "0", "0"]


@pytest.mark.parametrize(
    "name", ["=1+1", "+33 1", "-2", "@SUM(A1)", "\tx", "\r=1", '=HYPERLINK("x";1)']
)
def test_no_cell_is_run_by_a_spreadsheet(ada: Browser, world: World, name: str) -> None:
    rename(world.alder.dune, name)
    world.alder.connect()
    text = ada.get(f"{PAGE}.csv").text
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    assert list(reader)[1][0] == f"'{name}"
    assert csv_cell("Dune; «é»") == "Dune; «é»"


def test_a_firm_without_connection_or_application_is_told_so(
    app: Flask, world: World
) -> None:
    for person in (world.alder.admin, world.alder.staff):
        browser = signed_in(app, person)
        for url in ("/apps", PAGE, f"{PAGE}.csv"):
            assert browser.get(url).status_code == 200, url
        assert "Aucune entreprise n’est encore connectée" in browser.get(PAGE).text
        assert browser.get("/apps/quickbooks").status_code == 404


def test_a_person_without_company_sees_every_page_and_no_row(
    app: Flask, world: World
) -> None:
    world.alder.connect()
    db.session.execute(sa.text("DELETE FROM memberships"))
    db.session.commit()
    ben = signed_in(app, world.alder.staff)
    for url in ("/", "/apps", "/apps/quickbooks", PAGE, f"{PAGE}.csv"):
        answer = ben.get(url)
        assert answer.status_code == 200, url
        assert "Dune" not in answer.text, url


def test_an_application_that_is_gone_is_told_by_its_key(
    ada: Browser, world: World
) -> None:
    house = world.alder
    connection = house.connect()
    db.session.add(
        OwnApp(
            firm_id=house.firm.id,
            key="own-x",
            name="Ma compta",
            monogram="mc",
            tone="green",
            bot_prefix="compta",
            max_file_bytes=1,
        )
    )
    connection.app_key = "own-x"
    db.session.commit()
    assert cells(ada.get(PAGE).text, "app") == ["mc Ma compta"]
    connection.app_key = "forgotten"
    db.session.commit()
    page = ada.get(PAGE).text
    assert cells(page, "app") == ["forgotten"]
    assert "/apps/forgotten" not in page
    assert ada.get(f"{PAGE}.csv").text.count("forgotten") == 1


def test_a_name_of_three_hundred_letters_is_told_whole(
    ada: Browser, world: World
) -> None:
    rename(world.alder.dune, "L" * 255)
    world.alder.connect()
    assert names(ada.get(PAGE).text) == ["L" * 255]
