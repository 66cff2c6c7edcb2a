"""The operator's console: applications of the firms, and contacts of their makers."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select

from app.activity.models import Entry
from app.connectors.models import FirmApp, VendorContact
from app.db import db, utc_now
from app.delivery.clock import slot_at
from app.delivery.models import Outage, Tick, Trouble
from app.firms.models import Firm
from tests.cast import Browser, World, signed_in


@pytest.fixture
def olga(app: Flask, world: World) -> Browser:
    return signed_in(app, world.operator)


def card(page: str, slug: str) -> str:
    return page.partition(f'aria-labelledby="firm-{slug}"')[2].partition("</select>")[0]


def contacts() -> dict[str, str]:
    db.session.rollback()
    return {row.app_key: row.email for row in db.session.scalars(select(VendorContact))}


def test_each_firm_is_shown_with_its_applications(olga: Browser, world: World) -> None:
    world.alder.connect()
    page = olga.get("/").text
    assert "<span>QuickBooks Dépenses Express</span>" in card(page, "alder")
    assert "<span>QuickBooks" not in card(page, "birch")
    assert '<option value="quickbooks">' not in card(page, "alder")
    assert '<option value="quickbooks">' in card(page, "birch")
    assert page.count("2 entreprises") == 2


def test_an_application_is_added_to_one_firm_and_the_trail_says_by_whom(
    olga: Browser, world: World
) -> None:
    url = f"/console/firms/{world.birch.firm.id}/apps"
    for _ in range(2):
        answer = olga.post(url, data={"app": "dext"})
        assert (answer.status_code, answer.location) == (303, "/")
    [row] = db.session.scalars(select(FirmApp))
    assert (row.firm_id, row.app_key) == (world.birch.firm.id, "dext")
    entry = db.session.scalars(select(Entry).where(Entry.verb == "app_adopted")).one()
    assert (entry.firm_id, entry.actor_id) == (row.firm_id, world.operator.id)
    assert entry.is_firm_only
    told = "Dext fait partie des applications de Cabinet Birch"
    assert told in olga.get("/").text


@pytest.mark.parametrize("key", ["", "nothing", "own-1"])
def test_what_is_no_application_is_refused(
    olga: Browser, world: World, key: str
) -> None:
    url = f"/console/firms/{world.birch.firm.id}/apps"
    answer = olga.post(url, data={"app": key})
    assert answer.status_code == 422
    assert "Choisissez une application" in answer.text


def test_the_operator_lets_administrators_add_and_takes_it_back(
    app: Flask, olga: Browser, world: World
) -> None:
    firm_id = world.alder.firm.id
    url = f"/console/firms/{firm_id}/adopting"
    ada = signed_in(app, world.alder.admin)
    assert olga.post(url, data={"allowed": "on"}).status_code == 303
    assert re.search(r'name="allowed"\s*checked', olga.get("/").text)
    assert ada.post("/apps/dext/adoption").status_code == 303
    assert olga.post(url, data={}).status_code == 303
    assert olga.post(url, data={}).status_code == 303
    assert not re.search(r'name="allowed"\s*checked', olga.get("/").text)
    assert ada.post("/apps/inqom/adoption").status_code == 422
    db.session.rollback()
    assert not db.session.get_one(Firm, firm_id, populate_existing=True).may_adopt_apps
    verbs = db.session.scalars(
        select(Entry.verb).where(Entry.actor_id == world.operator.id).order_by(Entry.id)
    ).all()
    assert verbs == ["adopting_allowed", "adopting_forbidden"]


def test_contacts_are_kept_changed_and_forgotten(olga: Browser) -> None:
    url = "/console/contacts"
    assert olga.post(url, data={"dext": " Ventes@DEXT.test "}).status_code == 303
    assert contacts() == {"dext": "Ventes@dext.test"}
    assert 'value="Ventes@dext.test"' in olga.get(url).text
    olga.post(url, data={"dext": "b@dext.test", "hubdoc": "h@hubdoc.test", "x": "y"})
    assert contacts() == {"dext": "b@dext.test", "hubdoc": "h@hubdoc.test"}
    olga.post(url, data={"dext": ""})
    assert contacts() == {"hubdoc": "h@hubdoc.test"}


def test_a_wrong_contact_is_told_at_its_field_and_nothing_is_kept(
    olga: Browser,
) -> None:
    typed = {"autoentry": "a@autoentry.test", "dext": "a b@dext.test"}
    answer = olga.post("/console/contacts", data=typed)
    assert answer.status_code == 422
    assert re.search(r'id="error-dext">.*espace', answer.text, re.DOTALL)
    assert 'value="a b@dext.test"' in answer.text
    assert 'value="a@autoentry.test"' in answer.text
    assert contacts() == {}


def test_the_console_is_the_operators_alone(app: Flask, world: World) -> None:
    url = f"/console/firms/{world.alder.firm.id}/adopting"
    for person in (world.alder.admin, world.alder.staff, world.alder.manager):
        browser = signed_in(app, person)
        assert browser.post(url, data={"allowed": "on"}).status_code == 404
        assert browser.get("/console/contacts").status_code == 404


def test_a_firm_that_does_not_exist_is_not_found(olga: Browser, world: World) -> None:
    url = f"/console/firms/{world.alder.dune.id}/adopting"
    assert olga.post(url, data={"allowed": "on"}).status_code == 404


def test_the_console_asks_as_much_for_many_firms_as_for_one(
    olga: Browser, world: World
) -> None:
    before = queries(olga)
    for n in range(5):
        db.session.add(Firm(slug=f"firm-{n}", name=f"Cabinet {n}"))
    db.session.commit()
    assert queries(olga) == before


def queries(browser: Browser) -> int:
    seen = []

    def listen(*args: object) -> None:
        seen.append(args[2])

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        assert browser.get("/").status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    return len(seen)


def test_the_runs_are_told_in_numbers_without_a_company(
    olga: Browser, world: World
) -> None:
    house = world.alder
    house.switch("on")
    unsure = house.drop("Facture secrète.pdf").deliveries[0]
    unsure.state, unsure.ambiguous = "unknown", 2
    house.drop("due.pdf")
    slot = slot_at(utc_now())
    began = utc_now()
    ended = began + timedelta(seconds=1.5)
    tick = Tick(slot=slot, worker="w1", accepted=7, started_at=began, finished_at=ended)
    db.session.add(tick)
    db.session.commit()
    page = olga.get("/console/runs").text
    assert "1,5\N{NO-BREAK SPACE}s" in page
    assert f"{slot:%Y-%m} : 1 / 1" in page
    assert '<td class="number">7</td>' in page
    assert "w1" in page
    for secret in ("Dune", "secrète", "tool.test"):
        assert secret not in page


def test_outages_and_addresses_that_do_not_answer_are_shown_without_names(
    olga: Browser, world: World
) -> None:
    db.session.add(Outage(said="535 5.7.8 Who?", is_credentials=True, times=4))
    db.session.add(Outage(said="421 Closing", ended_at=utc_now()))
    said = "451 4.4.1 <achats.dune@tool.test> does not answer"
    quiet = Trouble(address="achats.dune@tool.test", failures=3, said=said)
    db.session.add_all([quiet, Trouble(address="x@other.test", failures=2)])
    db.session.commit()
    page = olga.get("/console/runs").text
    for told in ("535 5.7.8 Who?", "421 Closing", "tool.test", "4.4.1 &lt;…@tool.test"):
        assert told in page
    assert "dune" not in page
    assert "other.test" not in page


def test_no_run_yet_says_so(olga: Browser) -> None:
    assert "Aucun passage" in olga.get("/console/runs").text


def test_the_runs_are_the_operator_s_alone(app: Flask, world: World) -> None:
    assert signed_in(app, world.alder.admin).get("/console/runs").status_code == 404
