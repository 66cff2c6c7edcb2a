"""The delivery journal: everything is in it, for those who follow the company."""

import csv
import html
import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_login import login_user
from sqlalchemy import select

from app.activity.models import Entry
from app.db import database_now, db, new_id
from app.delivery import journal_counts, tick
from app.delivery.clock import slot_at
from app.delivery.confirming import confirmed
from app.delivery.models import STATES, Delivery
from app.library.deposit import Deposited
from tests.cast import Browser, House, World, signed_in
from tests.smtp import MailServer
from tests.statements import statements_of


def put(done: Deposited, state: str, **values: Any) -> Delivery:
    (delivery,) = done.deliveries
    delivery.state = state
    for name, value in values.items():
        setattr(delivery, name, value)
    db.session.commit()
    return delivery


@pytest.fixture
def busy(house: House) -> dict[str, Delivery]:
    """A delivery in every state, named after it."""
    return {state: put(house.drop(f"{state}.pdf"), state) for state in STATES}


@pytest.fixture
def ada(app: Flask, house: House) -> Browser:
    return signed_in(app, house.admin)


def names(page: str) -> set[str]:
    return {state for state in STATES if f'title="{state}.pdf"' in page}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", set(STATES)),
        ("state=held", {"held"}),
        ("state=refused&state=doubt", {"failed", "bounced", "unknown"}),
        ("state=sent", {"accepted", "delivered"}),
        ("state=waiting", {"pending", "deferred", "sending", "in_doubt"}),
        ("state=nonsense", set(STATES)),
        ("q=held.p", {"held"}),
        ("q=%25", set()),
        ("app=quickbooks", set(STATES)),
        ("app=dext", set()),
        ("company=dune-alder", set(STATES)),
        ("company=elm-alder", set()),
        ("days=1&after=not-an-id", set(STATES)),
    ],
)
def test_a_filter_shows_what_it_names(
    busy: dict[str, Delivery], ada: Browser, query: str, expected: set[str]
) -> None:
    assert names(ada.get(f"/deliveries?{query}").text) == expected


def test_staff_see_the_deliveries_of_their_companies_only(
    app: Flask, world: World, house: House
) -> None:
    elm = house.connect(company=house.elm)
    assert elm
    house.drop("dune.pdf")
    ben = signed_in(app, house.staff)
    page = ben.get("/deliveries").text
    assert "dune.pdf" in page
    house.staff.sees_all_companies = False
    db.session.execute(sa.text("DELETE FROM memberships"))
    db.session.commit()
    assert "dune.pdf" not in ben.get("/deliveries").text
    (delivery,) = db.session.scalars(select(Delivery)).all()
    assert ben.get(f"/deliveries/{delivery.id}").status_code == 404
    stranger = signed_in(app, world.birch.admin)
    assert "dune.pdf" not in stranger.get("/deliveries").text
    assert stranger.get(f"/deliveries/{delivery.id}").status_code == 404


@pytest.mark.parametrize("path", ["/deliveries", "/deliveries.csv"])
def test_to_a_client_there_is_no_journal(app: Flask, house: House, path: str) -> None:
    assert signed_in(app, house.manager).get(path).status_code == 404


def test_a_long_journal_is_read_page_by_page_without_a_gap(
    house: House, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.delivery.journal.A_PAGE", 2)
    for number in range(5):
        house.drop(f"n{number}.pdf")
    seen: list[str] = []
    url = "/deliveries"
    while url:
        page = ada.get(url, headers={"HX-Request": "true"}).text
        seen += [f"n{n}" for n in reversed(range(5)) if f'title="n{n}.pdf"' in page]
        more = page.split('hx-get="/deliveries?')
        url = (
            "/deliveries?" + more[1].split('"')[0].replace("&amp;", "&")
            if (len(more) > 1)
            else ""
        )
    assert seen == ["n4", "n3", "n2", "n1", "n0"]


def test_the_number_of_queries_does_not_grow_with_the_lines(
    house: House, ada: Browser
) -> None:
    house.drop("first.pdf")
    few = queries_of(lambda: ada.get("/deliveries"))
    for number in range(20):
        house.drop(f"{number}.pdf")
    assert queries_of(lambda: ada.get("/deliveries")) == few


def queries_of(act: Callable[[], object]) -> int:
    return len([one for one in statements_of(act) if one.startswith("SELECT")])


def test_the_story_tells_what_happened(
    house: House, ada: Browser, post: MailServer
) -> None:
    done = house.drop("Facture é.pdf")
    post.fails("rcpt", "451 4.7.1 Greylisted")
    tick.run()
    (delivery,) = done.deliveries
    story = ada.get(f"/deliveries/{delivery.id}").text
    for fact in (
        "Greylisted",
        delivery.message_id.strip("<>"),
        delivery.sha256,
        "purchases.dune-alder@tool.test",
        "Dora Dune",
    ):
        assert fact in story, fact


def test_a_refused_one_is_sent_again_and_tells_what_it_follows(
    house: House, ada: Browser, post: MailServer
) -> None:
    old = put(house.drop(), "failed", reason="refused")
    answer = ada.post("/deliveries", data={"act": "resend", "id": str(old.id)})
    assert answer.status_code == 303
    assert tick.run()["accepted"] == 1
    new = db.session.scalars(
        select(Delivery).where(Delivery.retry_of_id == old.id)
    ).one()
    assert new.state == "accepted"
    assert new.message_id != old.message_id
    assert len(post.messages) == 1


def test_marked_received_it_is_validated_by_that_person(
    house: House, ada: Browser
) -> None:
    done = house.drop()
    unsure = put(done, "unknown", reason="ambiguous")
    ada.post("/deliveries", data={"act": "received", "id": str(unsure.id)})
    db.session.expire_all()
    assert unsure.state == "delivered"
    assert done.document.status == "validated"
    assert done.document.validated_by_id == house.admin.id
    verbs = set(db.session.scalars(select(Entry.verb)))
    assert {"marked_received", "validated"} <= verbs


def test_called_off_it_does_not_leave(
    house: House, ada: Browser, post: MailServer
) -> None:
    done = house.drop()
    (delivery,) = done.deliveries
    ada.post("/deliveries", data={"act": "cancel", "id": str(delivery.id)})
    assert tick.run()["accepted"] == 0
    db.session.expire_all()
    assert (delivery.state, delivery.reason) == ("cancelled", "by_user")


def test_several_at_once_and_those_that_cannot_are_named(
    busy: dict[str, Delivery], ada: Browser
) -> None:
    ids = [str(busy[state].id) for state in ("failed", "unknown", "accepted")]
    page = ada.post(
        "/deliveries", data={"act": "received", "id": ids}, follow_redirects=True
    ).text
    assert "2 documents marqués reçus" in page
    assert "1 laissé tel quel" in page


def test_what_is_in_a_worker_s_hands_is_not_called_off_behind_its_back(
    busy: dict[str, Delivery], ada: Browser
) -> None:
    sending = busy["sending"]
    ada.post("/deliveries", data={"act": "cancel", "id": str(sending.id)})
    db.session.expire_all()
    assert sending.state == "sending"


@pytest.mark.parametrize(
    "data",
    [{"act": "erase", "id": "x"}, {"act": "resend", "id": "x"}, {}],
)
def test_nonsense_changes_nothing(
    busy: dict[str, Delivery], ada: Browser, data: dict[str, str]
) -> None:
    assert ada.post("/deliveries", data=data).status_code == 400


def test_another_firm_s_delivery_cannot_be_acted_on(
    app: Flask, world: World, busy: dict[str, Delivery]
) -> None:
    stranger = signed_in(app, world.birch.admin)
    failed = busy["failed"]
    stranger.post("/deliveries", data={"act": "received", "id": str(failed.id)})
    db.session.expire_all()
    assert failed.state == "failed"


def test_the_csv_holds_every_line_and_starts_no_formula(
    house: House, ada: Browser
) -> None:
    house.drop("=cmd.pdf")
    house.drop("Facture ; « été ».pdf")
    answer = ada.get("/deliveries.csv")
    assert answer.text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff")), delimiter=";"))
    assert {row[2] for row in rows[1:]} == {"'=cmd.pdf", "Facture ; « été ».pdf"}
    assert "attachment" in answer.headers["Content-Disposition"]


def test_a_long_csv_is_read_batch_by_batch_without_a_gap(
    house: House, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.delivery.journal.A_BATCH", 2)
    for number in range(5):
        house.drop(f"n{number}.pdf")
    text = ada.get("/deliveries.csv").text.removeprefix("\ufeff")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert [row[2] for row in rows[1:]] == [f"n{n}.pdf" for n in reversed(range(5))]


def test_a_message_that_was_refused_has_no_wrong_address(
    house: House, ada: Browser
) -> None:
    put(house.drop("a.pdf"), "failed", reason="refused", last_text="5.6.0 Not this")
    assert "Refusé\u00a0: 5.6.0 Not this" in ada.get("/deliveries").text
    assert "refus de l’outil" in ada.get("/").text


def test_the_counters_and_the_chart_count_this_firm_only(
    world: World, house: House, ada: Browser, post: MailServer
) -> None:
    world.birch.switch("on")
    world.birch.drop()
    house.drop()
    tick.run()
    page = ada.get("/deliveries").text
    assert "1 transmis et 0 refus" in page


def test_a_journal_of_nothing_says_so_of_its_time_only(
    app: Flask, world: World
) -> None:
    browser = signed_in(app, world.birch.admin)
    page = browser.get("/deliveries").text
    assert "Aucun envoi ces 7\u00a0derniers jours" in page
    assert "Voir les applications" in page
    assert "Aucun envoi depuis 1\u00a0jour" in browser.get("/deliveries?days=1").text
    assert str(new_id()) not in page
    assert database_now()


@pytest.mark.parametrize(
    ("state", "states"),
    [
        ("waiting", {"pending", "deferred", "sending", "in_doubt"}),
        ("held", {"held", "unknown", "failed", "bounced"}),
    ],
    ids=["waits", "is blocked"],
)
def test_the_dashboard_leads_to_what(
    busy: dict[str, Delivery], ada: Browser, state: str, states: set[str]
) -> None:
    page = ada.get("/").text
    link = re.search(rf'href="(/deliveries\?[^"]*state={state}[^"]*)"', page)
    assert link
    assert names(ada.get(link[1].replace("&amp;", "&")).text) == states


def test_the_button_of_a_line_acts_on_that_line_whatever_is_ticked(
    busy: dict[str, Delivery], ada: Browser
) -> None:
    page = ada.get("/deliveries").text
    failed, unsure = busy["failed"], busy["unknown"]
    assert f'value="resend {failed.id}"' in page
    assert f'value="resend {unsure.id}"' not in page  # it may have arrived: look first
    ada.post("/deliveries", data={"one": f"resend {failed.id}", "id": str(unsure.id)})
    again = db.session.scalars(
        select(Delivery.retry_of_id).where(Delivery.retry_of_id.is_not(None))
    ).all()
    assert again == [failed.id]


def test_a_bar_of_the_chart_leads_to_what_its_run_came_to(
    house: House, ada: Browser, post: MailServer
) -> None:
    house.drop("parti.pdf")
    tick.run()
    put(
        house.drop("avant.pdf"),
        "accepted",
        settled_at=database_now() - timedelta(hours=2),
    )
    links = re.findall(r'href="(/deliveries\?run=[^"]+)"', ada.get("/deliveries").text)
    assert len(links) == 2
    pages = [ada.get(html.unescape(link)).text for link in links]
    found = [[name in page for name in ("avant", "parti")] for page in pages]
    assert found == [[True, False], [False, True]]


def test_what_left_is_of_its_own_run_and_day_whenever_that_is_confirmed(
    house: House, ada: Browser, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider tells it hours later, or a person who saw it in the tool."""
    done = house.drop()
    tick.run()
    noon = datetime.fromisoformat("2026-10-28T11:05+00:00")
    evening = noon.replace(hour=22, minute=50)
    put(done, "accepted", accepted_at=evening, settled_at=evening)
    after = evening + timedelta(minutes=20)  # past midnight in Paris
    monkeypatch.setattr("app.delivery.confirming.database_now", lambda: after)
    delivery = db.session.get_one(Delivery, done.deliveries[0].id)
    assert confirmed(delivery, "250 Ok")
    db.session.commit()
    later = after + timedelta(hours=1)
    monkeypatch.setattr(journal_counts, "utc_now", lambda: later)
    with ada.application.test_request_context():
        login_user(house.admin)
        counts, bars = journal_counts.counts(), journal_counts.bars()
        assert (counts.sent_today, counts.sent_yesterday) == (0, 0)
        [bar] = [bar for bar in bars if bar.sent]
        assert bar.at == evening - timedelta(minutes=5)
    for at, number in ((bar.at, 1), (slot_at(after), 0)):
        page = ada.get("/deliveries", query_string={"run": at.isoformat(), "days": 365})
        assert page.text.count("data-delivery=") == number


@pytest.mark.parametrize("state", ["pending", "held", "unknown", "failed"])
def test_a_counter_leads_to_what_it_counts_however_old_that_is(
    house: House, ada: Browser, state: str
) -> None:
    put(
        house.drop(),
        state,
        reason="refused",
        created_at=database_now() - timedelta(days=20),
    )
    page = ada.get("/deliveries").text
    links = re.findall(
        r'class="journal-counter" href="([^"]+)">.*?<strong[^>]*>(\d+)<', page, re.S
    )
    [link] = [html.unescape(link) for link, number in links if number == "1"]
    assert ada.get(link).text.count("data-delivery=") == 1


@pytest.mark.parametrize("run", ["x", "0001-01-01", "9999-12-31T23:59:59", "²"])
def test_a_run_that_is_no_moment_filters_nothing(
    busy: dict[str, Delivery], ada: Browser, run: str
) -> None:
    assert names(ada.get(f"/deliveries?run={run}").text) == set(STATES)


def test_send_now_is_for_the_companies_that_the_person_follows(
    world: World, house: House, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def note(_job: object, company: str, **_how: object) -> bool:
        asked.append(company)
        return True

    monkeypatch.setattr("app.delivery.jobs.enqueue_once", note)
    world.birch.switch("on")
    world.birch.drop()
    assert "Rien à envoyer" in send_now(ada)
    for number in range(2):
        house.drop(f"{number}.pdf")
    assert "Envoi de 2 documents" in send_now(ada)
    assert asked == [str(house.dune.id)]
    house.dune.archived_at = database_now()
    db.session.commit()
    assert "Rien à envoyer" in send_now(ada)
    assert len(asked) == 1


def test_send_now_says_when_the_queue_is_away(
    app: Flask, house: House, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "REDIS_URL", "redis://127.0.0.1:1/0")
    house.drop()
    assert "prochain passage" in send_now(ada)


def send_now(browser: Browser) -> str:
    return browser.post("/deliveries/send-now", follow_redirects=True).text


@pytest.mark.parametrize("q", ["relevé", "releve", "RELEVÉ", "œuvre", "oeuvre"])
def test_a_search_sees_neither_accents_nor_case(
    house: House, ada: Browser, q: str
) -> None:
    house.drop("RELEVÉ de l’Œuvre.pdf")
    house.drop("Facture.pdf")
    page = ada.get("/deliveries", query_string={"q": q}).text
    assert "RELEVÉ" in page
    assert "Facture.pdf" not in page


@pytest.mark.parametrize(
    ("now", "sent_at", "counted"),
    [
        # 26 October 2026 at noon: the day before had 25 hours, from 22:00 UTC on.
        ("2026-10-26T11:00", "2026-10-24T22:30", 1),
        ("2026-10-26T11:00", "2026-10-24T21:30", 0),
        # On that day at noon: the same time of the day before was an hour earlier.
        ("2026-10-25T11:00", "2026-10-24T09:59", 1),
        ("2026-10-25T11:00", "2026-10-24T10:30", 0),
        # 28 March 2027 has 23 hours.
        ("2027-03-28T10:00", "2027-03-27T10:30", 1),
        ("2027-03-29T10:00", "2027-03-27T22:30", 0),
    ],
)
def test_yesterday_is_the_day_that_it_was_on_the_wall(
    house: House,
    ada: Browser,
    monkeypatch: pytest.MonkeyPatch,
    *,
    now: str,
    sent_at: str,
    counted: int,
) -> None:
    at = datetime.fromisoformat(f"{sent_at}+00:00")
    put(house.drop(), "accepted", accepted_at=at, settled_at=at)
    monkeypatch.setattr(
        journal_counts, "utc_now", lambda: datetime.fromisoformat(f"{now}+00:00")
    )
    with ada.application.test_request_context():
        login_user(house.admin)
        assert journal_counts.counts().sent_yesterday == counted
