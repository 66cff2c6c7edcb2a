"""Nothing final is silent."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import database_now, db
from app.delivery import alerts, blocked, by_hand, tick
from app.delivery.alerts import send_digests, tell_refused
from app.delivery.blocked import CONSEQUENCES
from app.delivery.clock import slot_at
from app.delivery.models import BLOCKED
from app.library.models import Version
from app.library.moving import move_document
from app.notices.models import Notice
from tests.cast import House, World, browser_at, signed_in
from tests.delivery.world import change, copies_of
from tests.smtp import MailServer


def notices(kind: str) -> list[Notice]:
    return list(db.session.scalars(select(Notice).where(Notice.kind == kind)))


def test_a_refused_address_is_told_at_once_to_those_who_can_mend_it(
    house: House, post: MailServer
) -> None:
    house.drop()
    post.fails("rcpt", "550 5.1.1 No such user")
    tick.run()
    told = notices("address_refused")
    assert {notice.recipient for notice in told} == {"ada@firm.test", "ben@firm.test"}
    assert "550 5.1.1 No such user" in told[0].text
    assert "purchases.dune-alder@tool.test" in told[0].text
    house.drop()
    tick.run()
    assert len(notices("address_refused")) == len(told), "told once"


def test_staff_of_other_companies_are_not_told(world: World) -> None:
    house = world.alder
    elm = house.connect(company=house.elm)
    tell_refused(elm.id, "x@tool.test", "550", sender=False)
    assert {n.recipient for n in notices("address_refused")} == {"ada@firm.test"}


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the day that it is in Paris: for an hour or two UTC's is the day before."""
    at = datetime.now(ZoneInfo("Europe/Paris")).replace(hour=12, minute=0)
    monkeypatch.setattr(alerts, "utc_now", lambda: at)


def block(house: House) -> None:
    for delivery in house.drop().deliveries:
        delivery.state, delivery.reason = "failed", "refused"
    db.session.commit()


@pytest.mark.usefixtures("noon")
def test_the_digest_is_written_once_a_day_to_the_administrators(
    world: World, house: House
) -> None:
    block(house)
    assert send_digests() == 1
    assert send_digests() == 0
    (notice,) = notices("delivery_digest")
    assert notice.recipient == "ada@firm.test"
    assert "Dune Alder" in notice.text
    assert "Birch" not in notice.text
    assert world.birch.firm.id != notice.firm_id


@pytest.mark.usefixtures("noon")
def test_a_digest_that_is_cut_says_what_it_leaves_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "MOST_LINES", 1)
    block(house)
    for state in ("held", "unknown"):
        change(house.drop(), state=state, reason="revoked")
    yesterday = database_now() - timedelta(days=1)
    for reason in ("switch_off", "moved_out"):
        done = house.drop()
        change(done, state="cancelled", reason=reason, settled_at=yesterday)
    assert send_digests() == 1
    (notice,) = notices("delivery_digest")
    assert notice.text.count("Dune Alder") == 2
    assert "et 2 autres documents" in notice.text.replace("\xa0", " ")
    assert "et 1 autre document\n" in notice.text.replace("\xa0", " ")


@pytest.mark.usefixtures("noon")
def test_a_firm_with_nothing_blocked_is_left_alone(house: House) -> None:
    house.drop()
    assert send_digests() == 0


def test_whoever_watches_reads_the_age_of_the_last_run(
    app: Flask, world: World
) -> None:
    console = browser_at(app, None)
    assert console.get("/readyz").get_json()["last_tick_seconds"] is None
    tick.run(slot=slot_at(datetime.now(UTC)))
    assert console.get("/readyz").get_json()["last_tick_seconds"] < 60


def test_nobody_is_written_to_at_night(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    block(house)
    at = datetime.now(UTC).replace(hour=3)
    monkeypatch.setattr(alerts, "utc_now", lambda: at)
    assert send_digests() == 0


ENDS = [
    *(("held", why) for why in ("too_big", "bad_type", "refused", "no_connection")),
    *(("held", why) for why in ("address_changed", "revoked", "empty", "damaged")),
    *(("held", why) for why in ("encrypted", "duplicate_review", "something_new")),
    *(("failed", why) for why in ("refused", "too_big", "expired", "damaged")),
    ("failed", "worker_lost"),
    ("bounced", "bounced"),
    ("unknown", "ambiguous"),
    *(("cancelled", why) for why in CONSEQUENCES),
]


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize(("state", "reason"), ENDS)
def test_no_end_is_silent(app: Flask, house: House, state: str, reason: str) -> None:
    done = house.drop()
    yesterday = database_now() - timedelta(days=1)
    change(done, state=state, reason=reason, settled_at=yesterday)
    told = blocked.why_text(state, reason)
    page = signed_in(app, house.staff).get("/").text
    listed = page.partition('class="card kept"')[2].partition("</section>")[0]
    assert "Dune Alder" in listed
    assert told.replace("'", "&#39;") in listed
    assert f'data-state="{state}"' in listed
    assert send_digests() == 1
    (notice,) = notices("delivery_digest")
    assert f"Dune Alder : 1, {told}" in notice.text.replace("\xa0", " ")
    assert signed_in(app, house.manager).get("/").text.count("kept") == 0


@pytest.mark.usefixtures("noon")
def test_what_is_said_in_the_same_words_is_said_once(app: Flask, house: House) -> None:
    """Refused at once, and by a mail that came back."""
    for name, state in (("a.pdf", "failed"), ("b.pdf", "bounced")):
        change(house.drop(name), state=state, reason="refused")
    page = signed_in(app, house.staff).get("/").text
    listed = page.partition('class="card kept"')[2].partition("</section>")[0]
    assert listed.count("Dune Alder</bdi>") == 1
    assert "2 documents" in listed
    send_digests()
    (notice,) = notices("delivery_digest")
    assert notice.text.count("Dune Alder") == 1


def test_every_state_that_ends_is_walked_through() -> None:
    assert {state for state, _reason in ENDS} == {*BLOCKED, "cancelled"}


@pytest.mark.usefixtures("noon")
def test_what_a_person_called_off_needs_no_word(app: Flask, house: House) -> None:
    done = house.drop()
    yesterday = database_now() - timedelta(days=1)
    change(done, state="cancelled", reason="by_user", settled_at=yesterday)
    assert 'class="card kept"' not in signed_in(app, house.admin).get("/").text
    assert send_digests() == 0
    journal = signed_in(app, house.admin).get("/deliveries?state=cancelled").text
    assert done.document.name in journal


@pytest.mark.usefixtures("noon")
def test_what_left_after_all_is_not_said_to_be_unsent(app: Flask, house: House) -> None:
    done = house.drop()
    move_document(done.document, house.folder("Social"), by=house.admin)
    db.session.commit()
    change(done, settled_at=database_now() - timedelta(days=1))
    assert 'class="card kept"' in signed_in(app, house.admin).get("/").text
    move_document(done.document, house.folder(), by=house.admin)
    db.session.commit()
    tick.run()
    assert [copy.state for copy in copies_of(done)] == ["cancelled", "accepted"]
    assert send_digests() == 0
    assert 'class="card kept"' not in signed_in(app, house.admin).get("/").text


def test_the_dashboard_tells_of_the_companies_that_one_follows(
    app: Flask, world: World
) -> None:
    house = world.alder
    connection = house.connect(company=house.elm)
    done = house.drop("elm.pdf", company=house.elm)
    version = db.session.scalars(select(Version)).one()
    by_hand.transmit(done.document, version, connection, "purchases", by=None)
    db.session.commit()
    change(done, state="failed", reason="refused")
    mark = 'class="card kept"'
    assert mark in signed_in(app, house.admin).get("/").text
    assert mark not in signed_in(app, house.staff).get("/").text
    assert mark not in signed_in(app, world.birch.admin).get("/").text
