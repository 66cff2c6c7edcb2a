"""Mails about deposits go to who asked for them, once, and stop at one click."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select

from app.db import db, utc_now
from app.library import deposit_notices
from app.library.deposit import deposit
from app.library.deposit_notices import send_deposit_notices
from app.library.moving import move_document
from app.library.receiving import receive
from app.library.renaming import rename_document
from app.notices import routes
from app.notices.models import Notice, NoticeSetting
from app.notices.posting import post_notices
from app.notices.setting import set_frequency
from app.people.models import Membership, Person
from tests.cast import House, World, browser_at, signed_in
from tests.conftest import point_to
from tests.papers import one_page_pdf
from tests.smtp import MailServer


@pytest.fixture
def house(world: World) -> House:
    return world.alder


def ask(person: Person, house: House, wanted: str) -> None:
    set_frequency(person, house.dune, wanted)
    db.session.commit()
    pass_time(timedelta(minutes=5))


def pass_time(by: timedelta) -> None:
    """What was asked for was asked for so much earlier."""
    for setting in db.session.scalars(select(NoticeSetting)):
        setting.told_until -= by
    db.session.commit()


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was deposited is told at once."""
    monkeypatch.setattr(deposit_notices, "SETTLING", timedelta(seconds=-1))


def staff_drop(house: House, name: str) -> None:
    deposit(
        receive([one_page_pdf(name)], name),
        into=house.folder(),
        by=house.admin,
        channel="firm",
    )
    db.session.commit()


def written() -> list[tuple[str, str]]:
    found = db.session.execute(
        select(Notice.recipient, Notice.subject).order_by(Notice.id)
    )
    return [(row[0], row[1]) for row in found]


def test_staff_are_told_once_of_what_others_deposited(house: House) -> None:
    ask(house.admin, house, "now")
    house.drop("Un.pdf")
    house.drop("Deux.pdf")
    assert (send_deposit_notices(), send_deposit_notices()) == (1, 0)
    (notice,) = db.session.scalars(select(Notice)).all()
    assert "2 nouveaux documents" in notice.subject
    assert all(name in notice.text for name in ("Un.pdf", "Deux.pdf", house.dune.name))


def test_a_client_gets_a_receipt_of_their_own_deposits_only(house: House) -> None:
    ask(house.manager, house, "now")
    house.drop("Le mien.pdf")
    staff_drop(house, "Un autre.pdf")
    send_deposit_notices()
    (notice,) = db.session.scalars(select(Notice)).all()
    assert "Le mien.pdf" in notice.text
    assert "Un autre.pdf" not in notice.text


def test_who_did_not_ask_is_not_written_to(house: House) -> None:
    house.drop()
    ask(house.admin, house, "never")
    assert (send_deposit_notices(), written()) == (0, [])


def test_what_came_before_it_was_asked_for_is_not_told(house: House) -> None:
    house.drop()
    set_frequency(house.admin, house.dune, "now")
    db.session.commit()
    assert send_deposit_notices() == 0


@pytest.mark.parametrize(("hour", "expected"), [(7, 0), (9, 1)])
def test_the_daily_one_leaves_in_the_morning(
    house: House, monkeypatch: pytest.MonkeyPatch, hour: int, expected: int
) -> None:
    noon = datetime.now(ZoneInfo("Europe/Paris")).replace(hour=12, minute=0)
    ask(house.admin, house, "daily")
    setting = db.session.scalars(select(NoticeSetting)).one()
    setting.told_until = noon.astimezone(UTC) - timedelta(days=1)
    db.session.commit()
    done = house.drop()
    done.document.arrived_at = noon.astimezone(UTC) - timedelta(hours=15)
    db.session.commit()
    now = noon.replace(hour=hour).astimezone(UTC)
    monkeypatch.setattr(deposit_notices, "utc_now", lambda: now)
    assert send_deposit_notices() == expected


def test_who_no_longer_follows_the_company_is_told_nothing(house: House) -> None:
    ask(house.manager, house, "now")
    house.drop()
    db.session.delete(db.session.get_one(Membership, (house.manager.id, house.dune.id)))
    db.session.commit()
    assert (send_deposit_notices(), written()) == (0, [])


def test_a_suspended_firm_s_people_are_told_once_its_portal_is_there_again(
    house: House,
) -> None:
    """The mail leads to the portal, to stop it too, and there is none."""
    ask(house.admin, house, "now")
    house.firm.suspended_at = utc_now()
    house.drop("Un.pdf")
    assert (send_deposit_notices(), written()) == (0, [])
    house.firm.suspended_at = None
    db.session.commit()
    assert send_deposit_notices() == 1
    assert "Un.pdf" in db.session.scalars(select(Notice.text)).one()


def test_one_click_stops_it_without_signing_in(
    app: Flask, house: House, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(app, smtp, monkeypatch)
    ask(house.manager, house, "now")
    house.drop()
    send_deposit_notices()
    assert post_notices() == 1
    sent = smtp.messages[0].raw.decode()
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in sent
    (notice,) = db.session.scalars(select(Notice)).all()
    assert notice.stop_url
    path = re.sub(r"^https?://[^/]+", "", notice.stop_url)
    visitor = browser_at(app, house.firm)
    assert visitor.get(path).status_code == 200
    assert frequency() == "now"  # looking is not stopping
    assert visitor.post(path).status_code == 200
    assert frequency() == "never"
    # Not its last letter, of which some bits mean nothing.
    head, _dot, signature = path.rpartition(".")
    other = "A" if signature[0] != "A" else "B"
    assert visitor.post(f"{head}.{other}{signature[1:]}").status_code == 404


def test_a_stop_of_one_firm_stops_nothing_at_another(
    app: Flask, world: World, house: House
) -> None:
    ask(house.manager, house, "now")
    house.drop()
    send_deposit_notices()
    (notice,) = db.session.scalars(select(Notice)).all()
    path = re.sub(r"^https?://[^/]+", "", notice.stop_url or "")
    browser_at(app, world.birch.firm).post(path)
    assert frequency() == "now"


def frequency() -> str:
    db.session.expire_all()
    return db.session.scalars(
        select(NoticeSetting.deposits).execution_options(across_firms=True)
    ).one()


def test_a_person_chooses_for_their_own_companies(app: Flask, house: House) -> None:
    dora = signed_in(app, house.manager)
    page = dora.get("/settings/notices").text
    assert house.dune.name in page
    assert house.elm.name not in page
    fields = {f"deposits-{c.slug}": "now" for c in (house.dune, house.elm)}
    assert dora.post("/settings/notices", data=fields).status_code == 303
    found = db.session.execute(
        select(NoticeSetting.person_id, NoticeSetting.company_id)
    ).all()
    assert [tuple(row) for row in found] == [(house.manager.id, house.dune.id)]
    wrong = {f"deposits-{house.dune.slug}": "hourly"}
    assert dora.post("/settings/notices", data=wrong).status_code == 400


def test_who_never_chose_is_shown_what_comes_and_may_stop_it(
    app: Flask, house: House
) -> None:
    """A client gets receipts for their own mails; staff get nothing."""

    def chosen(page: str) -> str:
        options = BeautifulSoup(page, "html.parser").select("option[selected]")
        return str(options[0]["value"])

    field = f"deposits-{house.dune.slug}"
    dora, ada = signed_in(app, house.manager), signed_in(app, house.admin)
    assert chosen(dora.get("/settings/notices").text) == "mails"
    assert chosen(ada.get("/settings/notices").text) == "never"
    for wanted in ("mails", "never", "mails", "daily"):
        dora.post("/settings/notices", data={field: wanted})
        assert chosen(dora.get("/settings/notices").text) == wanted
    assert ada.post("/settings/notices", data={field: "mails"}).status_code == 400


def test_a_second_click_at_the_same_time_says_the_same(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    browsers = [signed_in(app, house.manager) for _ in range(2)]
    both_are_here = threading.Barrier(2)

    def wait(*given: Any) -> None:
        set_frequency(*given)
        with suppress(threading.BrokenBarrierError):  # SQLite lets one in at a time
            both_are_here.wait(1)

    monkeypatch.setattr(routes, "set_frequency", wait)
    data = {f"deposits-{house.dune.slug}": "daily"}
    db.session.commit()
    with ThreadPoolExecutor(2) as at_once:
        answers = at_once.map(
            lambda browser: browser.post("/settings/notices", data=data).status_code,
            browsers,
        )
    assert list(answers) == [303, 303]
    assert db.session.scalars(select(NoticeSetting.deposits)).all() == ["daily"]


def test_a_receipt_names_nothing_that_went_out_of_the_client_s_sight(
    house: House,
) -> None:
    ask(house.manager, house, "now")
    house.drop("Ma pièce.pdf")
    document = house.drop("Mon courrier.pdf").document
    move_document(document, house.folder("Cabinet"), by=house.admin)
    rename_document(document, "Soupçon de fraude.pdf", by=house.admin)
    db.session.commit()
    assert send_deposit_notices() == 1
    (notice,) = db.session.scalars(select(Notice)).all()
    assert "2 documents bien reçus" in notice.subject
    assert "\nMa pièce.pdf (Achats)\n" in notice.text
    assert "\nMon courrier.pdf\n" in notice.text
    assert "fraude" not in notice.text


def test_a_user_of_the_company_reads_no_name_of_what_is_kept_from_them(
    house: House,
) -> None:
    ask(house.user, house, "now")
    received = receive([one_page_pdf("x")], "Fiche.pdf")
    done = deposit(received, into=house.folder(), by=house.user, channel="web")
    move_document(done.document, house.folder("Social"), by=house.admin)
    db.session.commit()
    assert send_deposit_notices() == 1
    (notice,) = db.session.scalars(select(Notice)).all()
    assert "\nFiche.pdf\n" in notice.text
    assert "Social" not in notice.text
