"""The store: what it shows, searching it, asking for a demonstration, adding."""

import re
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import event, select

from app.activity.models import Entry
from app.connectors import catalogue, connecting, store
from app.connectors.models import DemoRequest, FirmApp, VendorContact
from app.db import db, utc_now
from app.notices import posting
from app.notices.models import Notice
from tests.cast import Browser, World, signed_in
from tests.smtp import MailServer

HTMX = {"HX-Request": "true"}


@pytest.fixture
def ada(app: Flask, world: World) -> Browser:
    return signed_in(app, world.alder.admin)


@pytest.fixture
def ben(app: Flask, world: World) -> Browser:
    return signed_in(app, world.alder.staff)


def allow(world: World) -> None:
    world.alder.firm.may_adopt_apps = True
    db.session.commit()


def cards(page: str) -> set[str]:
    return set(re.findall(r'id="app-([^"]+)"', page))


def text_of(page: str) -> str:
    """The page's words, with plain spaces and apostrophes."""
    words = re.sub(r"<[^>]+>", " ", page).replace("&#39;", "'").replace("’", "'")
    return " ".join(words.split())


def adopted() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(FirmApp.app_key)))


def verbs() -> list[str]:
    return list(
        db.session.scalars(
            select(Entry.verb).where(Entry.is_firm_only).order_by(Entry.id)
        )
    )


def notices() -> list[Notice]:
    db.session.rollback()
    return list(db.session.scalars(select(Notice).order_by(Notice.recipient)))


# What is shown


def test_the_store_shows_every_application_once(ben: Browser, world: World) -> None:
    world.alder.connect()
    page = ben.get("/apps").text
    assert cards(page) == set(catalogue.everything())
    assert page.count('id="app-quickbooks"') == 1
    mine, _, others = page.partition("Autres applications")
    assert cards(mine) == {"quickbooks"}
    assert "quickbooks" not in cards(others)


def test_a_card_counts_the_companies_and_the_sends_of_the_month(
    ada: Browser, world: World
) -> None:
    house = world.alder
    connection = house.connect()
    house.connect(company=house.elm)
    house.switch("on", connection=connection)
    assert "Aucun envoi ce mois" in text_of(ada.get("/apps").text)
    for n, age in enumerate((timedelta(), timedelta(), timedelta(days=40))):
        [delivery] = house.drop(f"{n}.pdf").deliveries
        delivery.state, delivery.accepted_at = "accepted", utc_now() - age
    db.session.commit()
    text = text_of(ada.get("/apps").text)
    assert "2 entreprises" in text
    assert "2 envois ce mois" in text


def test_large_counts_are_read_in_threes(app: Flask) -> None:
    card = store.Card(catalogue.get("dext"), 1, 1204, 0, False)
    with force_locale("fr"):
        assert card.sends_shown == "1\N{NARROW NO-BREAK SPACE}204"


def test_a_month_begins_at_midnight_in_paris(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 10, 31, 22, 30, tzinfo=UTC)  # still October in Paris
    monkeypatch.setattr(store, "utc_now", lambda: now)
    assert store._month_start() == datetime(2026, 9, 30, 22, 0, tzinfo=UTC)
    now = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    assert store._month_start() == datetime(2026, 10, 31, 23, 0, tzinfo=UTC)


def test_addresses_that_were_refused_are_told_instead(
    ada: Browser, world: World
) -> None:
    for company in (world.alder.dune, world.alder.elm):
        connection = world.alder.connect(company=company)
        connection.destinations[0].refused_at = utc_now()
    db.session.commit()
    page = ada.get("/apps").text
    assert "2 adresses refusées" in text_of(page)
    assert "badge-bad" in page


def test_staff_count_only_the_companies_they_follow(ben: Browser, world: World) -> None:
    for company in (world.alder.dune, world.alder.elm):
        world.alder.connect(company=company)
    assert "1 entreprise" in text_of(ben.get("/apps").text)


def test_what_another_firm_has_is_not_counted(ada: Browser, world: World) -> None:
    connecting.adopt(world.alder.firm.id, catalogue.get("quickbooks"), by=None)
    world.birch.connect()
    assert "0 entreprise" in text_of(ada.get("/apps").text)


def test_the_number_of_queries_does_not_grow_with_the_applications(
    ada: Browser, world: World
) -> None:
    world.alder.connect()
    before = queries(ada)
    for key in ("dext", "inqom", "hubdoc"):
        world.alder.connect(key)
        world.alder.connect(key, company=world.alder.elm)
    ada.post("/apps/new", data={"name": "Outil", "types": "any", "max_megabytes": "5"})
    assert queries(ada) == before


def queries(browser: Browser) -> int:
    seen = []

    def listen(*args: object) -> None:
        seen.append(args[2])

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        assert browser.get("/apps").status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    return len(seen)


def test_the_word_e_mail_is_never_cut_on_a_card(ada: Browser) -> None:
    page = ada.get("/apps").text
    [shelf] = re.findall(r'id="store-cards".*store-how', page, re.DOTALL)
    assert 'par <span class="unbroken">e-mail</span>' in shelf
    whole = shelf.replace('<span class="unbroken">e-mail</span>', "")
    assert not re.search(r">[^<]*e-mail", whole)


# Searching


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("DEPENSES", {"quickbooks"}),
        ("dépenses express", {"quickbooks"}),
        ("messagerie", {"meg"}),
        ("gestion COMMERCIÁLE", {"jefacture", "upflow", "pennylane"}),
        ("d'achat messagerie", {"meg"}),
        ("   ", set(catalogue.everything())),
        ("zzz", set()),
        ("%", set()),
    ],
)
def test_searching_ignores_accents_and_case_and_looks_everywhere(
    ada: Browser, world: World, q: str, found: set[str]
) -> None:
    world.alder.connect()
    page = ada.get("/apps", query_string={"q": q}).text
    assert cards(page) == found


def test_a_search_that_finds_nothing_says_so_and_leads_back(ada: Browser) -> None:
    page = ada.get("/apps?q=<b>zzz").text
    assert "Aucune application trouvée" in page
    assert 'value="&lt;b&gt;zzz"' in page
    assert 'href="/apps"' in page


def test_categories_that_have_an_application_are_listed_with_their_counts(
    ada: Browser,
) -> None:
    page = ada.get("/apps?category=trade").text
    assert cards(page) == {"jefacture", "upflow", "pennylane"}
    links = re.findall(
        r'<a href="(/apps[^"]*)"\s*(aria-current="true")?>.*?<span>([^<]+)</span>'
        r'<span class="store-count">(\d+)',
        page,
        re.DOTALL,
    )
    assert [(name, count, bool(current)) for _, current, name, count in links] == [
        ("Toutes", "11", False),
        ("Saisie automatisée", "7", False),
        ("Gestion commerciale", "3", True),
        ("Autres", "1", False),
    ]


def test_an_unknown_category_is_none(ada: Browser) -> None:
    assert cards(ada.get("/apps?category=x").text) == set(catalogue.everything())


def test_a_category_and_a_search_narrow_together(ada: Browser) -> None:
    page = ada.get("/apps?category=trade&q=clients").text
    assert cards(page) == {"pennylane"}
    assert 'name="category" value="trade"' in page


# Adding


def test_an_administrator_adds_where_the_operator_allows_it(
    ada: Browser, world: World
) -> None:
    allow(world)
    assert "/apps/dext/adoption" in ada.get("/apps").text
    answer = ada.post("/apps/dext/adoption", data={"q": "dext", "category": ""})
    assert (answer.status_code, answer.location) == (303, "/apps?q=dext")
    assert "Dext fait partie de vos applications" in ada.get("/apps").text
    assert ada.get("/apps/dext").status_code == 200
    assert adopted() == ["dext"]
    entry = db.session.scalars(select(Entry).where(Entry.verb == "app_adopted")).one()
    assert entry.actor_id == world.alder.admin.id
    assert entry.is_firm_only


def test_adding_twice_changes_nothing(ada: Browser, world: World) -> None:
    allow(world)
    for _ in range(2):
        assert ada.post("/apps/dext/adoption").status_code == 303
    assert adopted() == ["dext"]
    assert verbs().count("app_adopted") == 1


def test_with_script_the_shelves_come_back_with_a_message(
    ada: Browser, world: World
) -> None:
    allow(world)
    answer = ada.post("/apps/dext/adoption", headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert cards(answer.text.partition("Autres applications")[0]) == {"dext"}
    assert 'hx-swap-oob="beforeend"' in answer.text


def test_not_allowed_is_told_in_a_sentence(ada: Browser, world: World) -> None:
    assert "adoption" not in ada.get("/apps").text
    for headers in ({}, HTMX):
        answer = ada.post("/apps/dext/adoption", headers=headers)
        assert answer.status_code == 422
        assert "n’a pas permis à votre cabinet" in answer.text
    assert adopted() == []


def test_staff_may_not_add(ben: Browser, world: World) -> None:
    allow(world)
    page = ben.get("/apps").text
    assert "adoption" not in page
    assert "/apps/new" not in page
    assert ben.post("/apps/dext/adoption").status_code == 403


@pytest.mark.parametrize("act", ["adoption", "demonstration"])
def test_an_application_that_does_not_exist_is_not_found(
    ada: Browser, world: World, act: str
) -> None:
    allow(world)
    assert ada.post(f"/apps/nothing/{act}").status_code == 404
    assert ada.post(f"/apps/own-1/{act}").status_code == 404


# Asking for a demonstration


def test_a_request_goes_to_the_maker_and_to_every_operator(
    ben: Browser, world: World, post: MailServer
) -> None:
    db.session.add(VendorContact(app_key="dext", email="ventes@dext.test"))
    db.session.commit()
    assert "Demander une démonstration" in ben.get("/apps").text
    assert ben.post("/apps/dext/demonstration").status_code == 303
    told = text_of(ben.get("/apps").text)
    assert "a été envoyée à ventes@dext.test, op@guichet.test" in told
    assert posting.post_notices() == 2
    assert {mail.recipient for mail in post.messages} == {
        "ventes@dext.test",
        "op@guichet.test",
    }
    for notice in notices():
        assert notice.reply_to == "ben@firm.test"
        assert notice.firm_id == world.alder.firm.id
        assert "Cabinet Alder" in notice.subject
        assert "Dext" in notice.subject
    assert "demo_asked" in verbs()


def test_a_disabled_operator_is_not_written_to(ben: Browser, world: World) -> None:
    world.operator.disabled_at = utc_now()
    db.session.commit()
    answer = ben.post("/apps/dext/demonstration")
    assert answer.status_code == 422
    assert "aucun contact n’est connu" in answer.text
    assert notices() == []
    assert db.session.scalars(select(DemoRequest)).all() == []


def test_a_second_request_of_the_day_sends_nothing(
    ada: Browser, ben: Browser, world: World
) -> None:
    ben.post("/apps/dext/demonstration")
    ada.post("/apps/dext/demonstration")
    assert "Déjà demandé aujourd’hui" in ada.get("/apps").text
    assert len(notices()) == 1
    ada.post("/apps/hubdoc/demonstration")
    assert len(notices()) == 2, "another application is another request"


def test_the_next_day_one_may_ask_again(ben: Browser, world: World) -> None:
    ben.post("/apps/dext/demonstration")
    request = db.session.scalars(select(DemoRequest)).one()
    request.asked_on -= timedelta(days=1)
    db.session.commit()
    ben.post("/apps/dext/demonstration")
    assert len(notices()) == 2


def test_each_firm_asks_for_itself(app: Flask, ben: Browser, world: World) -> None:
    ben.post("/apps/dext/demonstration")
    signed_in(app, world.birch.staff).post("/apps/dext/demonstration")
    assert len(notices()) == 2


def test_two_requests_at_once_are_one(ada: Browser, ben: Browser, world: World) -> None:
    gate = Barrier(2)
    codes = []

    def ask(browser: Browser) -> None:
        gate.wait()
        codes.append(browser.post("/apps/dext/demonstration", headers=HTMX).status_code)

    asking = [Thread(target=ask, args=(browser,)) for browser in (ada, ben)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert codes == [200, 200]
    assert len(notices()) == 1
