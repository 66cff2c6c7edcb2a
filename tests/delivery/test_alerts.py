"""Nothing final is silent."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import db
from app.delivery import alerts, tick
from app.delivery.alerts import send_digests, tell_refused
from app.delivery.clock import slot_at
from app.notices.models import Notice
from tests.cast import House, World, browser_at
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
    at = datetime.now(UTC).replace(hour=12, minute=0)
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
