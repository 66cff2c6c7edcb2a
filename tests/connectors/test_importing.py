"""Importing many addresses: what is said first, what is written then."""

import csv
import html
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event, select

from app.companies.models import Company
from app.connectors import apps, connecting, import_applying, importing
from app.connectors.import_lines import Line
from app.connectors.models import Bot, Connection, Destination
from app.db import db
from app.notices.models import Notice
from app.people.models import Person
from tests.cast import PASSWORD, Browser, House, World, signed_in
from tests.workbooks import workbook

URL = "/apps/quickbooks/import"


@pytest.fixture
def house(world: World) -> House:
    for key in ("quickbooks", "dext"):
        connecting.adopt(world.alder.firm.id, apps.get(key), by=None)
    db.session.commit()
    return world.alder


@pytest.fixture
def ada(app: Flask, house: House) -> Browser:
    return signed_in(app, house.admin)


def lines(text: str, by: Person, app: Flask, key: str = "quickbooks") -> list[Line]:
    with app.test_request_context():
        return importing.plan(text.encode(), apps.get(key), by=by).lines


def told(found: list[Line]) -> list[str]:
    return [line.verdict for line in found]


def upload(browser: Browser, text: str | bytes, url: str = URL) -> Any:
    raw = text.encode() if isinstance(text, str) else text
    return browser.post(url, data={"file": (io.BytesIO(raw), "adresses.csv")})


def carried(page: str) -> dict[str, str]:
    found = re.findall(r'name="(content|marks)"\s+value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


def agree(browser: Browser, page: str, url: str = URL, **more: str) -> Any:
    data = {**carried(page), "password": PASSWORD, **more}
    return browser.post(f"{url}/apply", data=data, content_type="multipart/form-data")


def addresses() -> dict[str, str]:
    db.session.rollback()
    rows = db.session.execute(
        select(Company.name, Destination.slot, Destination.address)
        .join(Connection, Connection.company_id == Company.id)
        .join(Destination, Destination.connection_id == Connection.id)
    )
    return {f"{name}/{slot}": address for name, slot, address in rows}


@contextmanager
def counted() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def test_each_line_has_its_verdict(app: Flask, house: House) -> None:
    house.connect()
    house.elm.siren = "732829320"
    db.session.commit()
    found = lines(
        "entreprise;adresse\n"
        "DUNE ALDER;new@qbodocs.com\n"
        "732 829 320;elm@qbodocs.com\n"
        "Nobody;x@qbodocs.com\n"
        "elm-alder;\n"
        "elm alder;elm qbodocs.com\n"
        ";x@qbodocs.com\n"
        "elm-alder;x@mail.guichet.test\n",
        house.admin,
        app,
    )
    assert told(found) == [
        *("changed", "new", "error", "empty", "error", "error", "error")
    ]
    assert found[0].before == "purchases.dune-alder@tool.test"
    assert "espace" in found[4].why
    assert "une des nôtres" in found[6].why


def test_the_same_address_changes_nothing(app: Flask, house: House) -> None:
    house.connect()
    text = "slug;adresse\ndune-alder;purchases.dune-alder@TOOL.test\n"
    [line] = lines(text, house.admin, app)
    assert (line.verdict, line.doubts) == ("unchanged", ())


def test_staff_import_for_the_companies_they_follow(app: Flask, house: House) -> None:
    text = "slug;adresse\ndune-alder;d@qbodocs.com\nelm-alder;e@qbodocs.com\n"
    assert told(lines(text, house.staff, app)) == ["new", "error"]
    assert told(lines(text, house.admin, app)) == ["new", "new"]


def test_another_firm_s_company_is_not_found(app: Flask, house: House) -> None:
    text = "slug;adresse\ndune-birch;d@qbodocs.com\n"
    assert told(lines(text, house.admin, app)) == ["error"]


def test_a_name_that_two_companies_have_is_an_error(app: Flask, house: House) -> None:
    house.elm.name = "Dune Aldér"
    db.session.commit()
    [named, slug] = lines(
        "entreprise;slug;adresse\nDune Alder;;d@qbodocs.com\n"
        "Dune Alder;elm-alder;e@qbodocs.com\n",
        house.admin,
        app,
    )
    assert (named.verdict, slug.verdict) == ("error", "new")
    assert "Plusieurs entreprises" in named.why
    assert slug.company
    assert slug.company.id == house.elm.id


def test_a_sheet_whose_columns_were_sorted_apart_is_noticed(
    app: Flask, house: House
) -> None:
    text = "slug;entreprise;adresse\ndune-alder;Elm Alder;d@qbodocs.com\n"
    [line] = lines(text, house.admin, app)
    assert line.verdict == "error"


def test_what_looks_odd_is_a_doubt(app: Flask, house: House) -> None:
    house.connect()
    found = lines(
        "slug;adresse\ndune-alder;same@qbodoc.com\n"
        "elm-alder;purchases.dune-alder@tool.test\n",
        house.admin,
        app,
    )
    assert "qbodocs.com" in found[0].doubts[0]
    assert any("Dune Alder" in doubt for doubt in found[1].doubts)


def test_one_address_for_two_companies_of_the_file_is_a_doubt(
    app: Flask, house: House
) -> None:
    found = lines(
        "slug;adresse\ndune-alder;x@qbodocs.com\nelm-alder;X@qbodocs.com\n",
        house.admin,
        app,
    )
    assert [len(line.doubts) for line in found] == [1, 1]
    assert "2, 3" in found[0].doubts[0]


def test_a_company_that_comes_twice(app: Flask, house: House) -> None:
    twice = "slug;adresse\ndune-alder;x@qbodocs.com\ndune-alder;{}@qbodocs.com\n"
    assert told(lines(twice.format("x"), house.admin, app)) == ["new", "unchanged"]
    assert told(lines(twice.format("y"), house.admin, app)) == ["error", "error"]


def test_a_tool_with_several_addresses_needs_to_know_which(
    app: Flask, house: House, ada: Browser
) -> None:
    text = "entreprise;famille;adresse\nDune Alder;ACHATS;a@dext.test\n"
    text += "Dune Alder;sales;v@dext.test\nDune Alder;Paie;p@dext.test\n"
    assert told(lines(text, house.admin, app, "dext")) == ["new", "new", "error"]
    answer = upload(ada, "entreprise;adresse\nDune;a@b.test\n", "/apps/dext/import")
    assert answer.status_code == 422
    assert "Achats, Ventes" in answer.text


def test_nothing_is_written_before_it_is_agreed_to(ada: Browser, house: House) -> None:
    page = upload(ada, "slug;adresse\ndune-alder;d@qbodocs.com\n")
    assert page.status_code == 200
    assert addresses() == {}
    wrong = agree(ada, page.text, password="not mine")
    assert wrong.status_code == 422
    assert addresses() == {}
    assert carried(wrong.text) == carried(page.text)
    done = agree(ada, wrong.text)
    assert done.status_code == 200
    assert addresses() == {"Dune Alder/purchases": "d@qbodocs.com"}


def test_doubts_have_to_be_looked_at(ada: Browser, house: House) -> None:
    page = upload(ada, "slug;adresse\ndune-alder;d@elsewhere.test\n").text
    assert agree(ada, page).status_code == 422
    assert addresses() == {}
    wrong = agree(ada, page, doubts_seen="yes", password="not mine")
    assert re.search(r'name="doubts_seen"[^>]*\schecked', wrong.text)
    assert agree(ada, page, doubts_seen="yes").status_code == 200
    assert addresses() == {"Dune Alder/purchases": "d@elsewhere.test"}


def test_what_changed_meanwhile_is_shown_again(ada: Browser, house: House) -> None:
    page = upload(
        ada, "slug;adresse\ndune-alder;d@qbodocs.com\nelm-alder;e@qbodocs.com\n"
    )
    house.connect()
    answer = agree(ada, page.text)
    assert answer.status_code == 422
    assert "1 ligne a changé entre-temps" in answer.text.replace("\xa0", " ")
    assert addresses() == {"Dune Alder/purchases": "purchases.dune-alder@tool.test"}
    assert agree(ada, answer.text).status_code == 200
    assert addresses()["Dune Alder/purchases"] == "d@qbodocs.com"


def test_a_form_that_was_tampered_with_writes_nothing_unseen(
    ada: Browser, house: House
) -> None:
    seen = upload(ada, "slug;adresse\ndune-alder;d@qbodocs.com\n").text
    other = upload(ada, "slug;adresse\ndune-alder;thief@qbodocs.com\n").text
    data = carried(seen) | {"content": carried(other)["content"]}
    for content in (data["content"], "%%%", ""):
        answer = ada.post(
            f"{URL}/apply", data={**data, "content": content, "password": PASSWORD}
        )
        assert answer.status_code == 422
    assert addresses() == {}


def test_the_administrators_get_one_mail_for_all(
    app: Flask, house: House, ada: Browser
) -> None:
    ben = signed_in(app, house.staff)
    page = upload(ben, "slug;adresse\ndune-alder;d@qbodocs.com\n").text
    assert agree(ben, page).status_code == 200
    page = upload(
        ada, "slug;adresse\ndune-alder;d2@qbodocs.com\nelm-alder;e@qbodocs.com\n"
    ).text
    assert agree(ada, page).status_code == 200
    first, second = db.session.scalars(select(Notice).order_by(Notice.id)).all()
    assert first.recipient == "ada@firm.test"
    assert "Ben Petit" in first.text
    assert "d@qbodocs.com → d2@qbodocs.com" in second.text
    assert "Elm Alder" in second.text


def test_the_same_import_again_finds_nothing_to_do(ada: Browser, house: House) -> None:
    page = upload(ada, "slug;adresse\ndune-alder;d@qbodocs.com\n").text
    assert agree(ada, page).status_code == 200
    assert agree(ada, page).status_code == 422
    page = upload(ada, "slug;adresse\ndune-alder;d@qbodocs.com\n").text
    assert "rien à enregistrer" in page
    assert 'id="field-password"' not in page
    assert len(db.session.scalars(select(Notice)).all()) == 1


def test_what_was_held_for_an_address_leaves(ada: Browser, house: House) -> None:
    connection = connecting.authorise(house.dune, apps.get("quickbooks"), by=None)
    db.session.commit()
    house.switch("on", connection=connection)
    [waiting] = house.drop().deliveries
    assert (waiting.state, waiting.reason) == ("held", "no_connection")
    agree(ada, upload(ada, "slug;adresse\ndune-alder;d@qbodocs.com\n").text)
    db.session.refresh(waiting)
    assert (waiting.state, waiting.reason) == ("pending", None)


def test_an_access_that_was_revoked_comes_back_only_knowingly(
    ada: Browser, house: House
) -> None:
    house.switch("on", connection=house.connect())
    [waiting] = house.drop().deliveries
    connecting.revoke(waiting.connection, by=None)
    db.session.commit()
    page = upload(ada, "slug;adresse\ndune-alder;d@qbodocs.com\n").text
    assert "Son accès était coupé" in page
    agree(ada, page, doubts_seen="yes")
    db.session.refresh(waiting)
    assert (waiting.state, waiting.reason) == ("held", "address_changed")
    assert db.session.get_one(Connection, waiting.connection_id).is_authorised


def test_a_sender_that_another_company_has_is_told(ada: Browser, house: House) -> None:
    taken = Bot(
        firm_id=house.firm.id,
        address="quickbooks+dune-alder@mail.guichet.test",
        app_key="quickbooks",
        company_id=house.elm.id,
    )
    db.session.add(taken)
    db.session.commit()
    text = "slug;adresse\ndune-alder;d@qbodocs.com\nelm-alder;e@qbodocs.com\n"
    answer = agree(ada, upload(ada, text).text)
    assert "a son adresse d’expéditeur" in answer.text
    assert addresses() == {"Elm Alder/purchases": "e@qbodocs.com"}


def test_others_wait_while_an_import_is_written(app: Flask, house: House) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("there the transaction is the lock")
    with app.test_request_context():
        text = b"slug;adresse\ndune-alder;d@qbodocs.com\n"
        found = importing.plan(text, apps.get("quickbooks"), by=house.admin)
    key = house.dune.id.int & 0x7FFF_FFFF_FFFF_FFFF
    import_applying.lock(found)
    free = sa.select(sa.func.pg_try_advisory_xact_lock_shared(key))
    with db.engine.connect() as other:
        assert other.scalar(free) is False
    db.session.rollback()
    with db.engine.connect() as other:
        assert other.scalar(free) is True


def test_the_model_gives_what_may_be_imported(
    app: Flask, house: House, ada: Browser
) -> None:
    house.connect()
    house.elm.name = '=HYPERLINK("x")'
    db.session.commit()
    answer = ada.get(f"{URL}/model.csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.data.startswith(b"\xef\xbb\xbf")
    sheet = list(
        csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";")
    )
    assert sheet[0] == ["slug", "entreprise", "adresse"]
    assert ["elm-alder", '\'=HYPERLINK("x")', ""] in sheet
    text = answer.data.decode("utf-8-sig")
    assert sorted(told(lines(text, house.admin, app))) == ["empty", "unchanged"]
    ben = signed_in(app, house.staff)
    assert "elm-alder" not in ben.get(f"{URL}/model.csv").text


def test_the_errors_come_back_as_a_file_to_correct(
    app: Flask, house: House, ada: Browser
) -> None:
    page = upload(
        ada, "entreprise;adresse\n=1+1;a@qbodocs.com\nDune Alder;d qbodocs.com\n"
    ).text
    answer = ada.post(URL, data={**carried(page), "answer": "errors"})
    assert answer.status_code == 200
    sheet = list(
        csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";")
    )
    assert sheet[1][:4] == ["2", "", "'=1+1", "a@qbodocs.com"]
    assert "espace" in sheet[2][-1]
    corrected = answer.data.decode("utf-8-sig").replace("d qbo", "d@qbo")
    assert told(lines(corrected, house.admin, app)) == ["error", "new"]


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04\x00\x00", b"a;b\n1;2\n"])
def test_a_wrong_file_is_told_where_it_was_chosen(ada: Browser, raw: bytes) -> None:
    answer = upload(ada, raw)
    assert answer.status_code == 422
    assert 'id="file-error"' in answer.text
    assert "entreprise;adresse" in answer.text


@pytest.mark.parametrize("megabytes", [1.2, 5])
def test_a_file_that_is_too_large_is_told_in_a_sentence(
    ada: Browser, megabytes: float
) -> None:
    raw = b"slug;adresse\n" + b"dune-alder;d@qbodocs.com\n" * int(megabytes * 40_000)
    answer = upload(ada, raw)
    assert answer.status_code == 422
    assert "1 Mo" in answer.text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture
def two_thousand(house: House) -> str:
    """As many companies, and a file with three wrong lines."""
    db.session.add_all(
        Company(
            firm_id=house.firm.id,
            name=f"Client {n:04}",
            slug=f"client-{n:04}",
            mail_domain="mail.guichet.test",
        )
        for n in range(2000)
    )
    db.session.commit()
    rows = [f"Client {n:04};client-{n:04}@qbodocs.com" for n in range(2000)]
    rows[7] = "Client 0007;client-0007 qbodocs.com"
    rows[800] = "Client 8000;x@qbodocs.com"
    rows[1999] = "Client 1999;a@qbodocs.com,b@qbodocs.com"
    return "entreprise;adresse\n" + "\n".join(rows)


def test_two_thousand_lines_with_three_wrong_ones(
    ada: Browser, house: House, two_thousand: str
) -> None:
    with counted() as seen:
        page = upload(ada, two_thousand)
    assert len(seen) < 25
    text = page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Importer les 1 997 lignes correctes" in text
    assert "3 erreurs" in text
    assert "1 800 autres lignes" in text
    shown = re.findall(r'<td class="number">(\d+)</td>', text)
    assert shown[:3] == ["9", "802", "2001"]
    assert len(shown) == 200
    with counted() as seen:
        done = agree(ada, page.text)
    # How many rows go by one INSERT is the driver's business.
    assert len([s for s in seen if not s.startswith("INSERT")]) < 60
    assert done.status_code == 200
    assert "1 997 adresses importées" in done.text.replace("\N{NO-BREAK SPACE}", " ")
    assert len(addresses()) == 1997
    assert len(db.session.scalars(select(Notice)).all()) == 1


@pytest.mark.usefixtures("two_thousand")
def test_a_mistake_in_the_middle_leaves_nothing_half_done(
    ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = upload(
        ada, "slug;adresse\nclient-0001;a@qbodocs.com\nclient-0002;b@qbodocs.com\n"
    )
    given: Callable[..., Any] = connecting.give_address
    calls: list[int] = []

    def fails(*args: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("the machine stops")
        return given(*args, **more)

    monkeypatch.setattr(connecting, "give_address", fails)
    with pytest.raises(RuntimeError):
        agree(ada, page.text)
    assert addresses() == {}
    assert db.session.scalars(select(Notice)).all() == []


def test_addresses_are_taken_from_a_workbook_too(
    app: Flask, ada: Browser, house: House
) -> None:
    house.dune.siren = "005520135"
    db.session.commit()
    rows = (("Nos adresses",), ("SIREN", "Adresse"), (5520135, "d1@tool.example"))
    page = upload(ada, workbook(rows))
    assert page.status_code == 200
    assert "d1@tool.example" in page.text
    assert "badge-bad" not in page.text
