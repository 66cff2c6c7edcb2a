"""The Nth command to the queue fails, and all that follow, for every N: it only wakes,
so nothing is lost, nothing leaves twice, and every person is answered."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from redis.exceptions import RedisError
from rq import SimpleWorker
from sqlalchemy import delete, select

import worker
from app import create_app
from app.connectors import switches
from app.connectors.models import Connection, TestMail
from app.db import db
from app.delivery.models import Delivery
from app.extensions import limiter
from app.firms.models import Firm
from app.queueing import queue
from config import from_environment
from tests.cast import PASSWORD, Browser, browser_at, csrf_token, signed_in
from tests.conftest import point_to, settings
from tests.faults import nth
from tests.faults.invariants import broken
from tests.faults.nth import Count
from tests.faults.small import Place
from tests.faults.stage import make_due, settle
from tests.faults.test_nth_call import (
    at_once,
    delivery_of,
    deposit_once,
    documents,
    drop,
    every,
    numbers,
    places_with_switches,
    rows_of,
)
from tests.redis_server import Queue, needs_redis
from tests.smtp import MailServer

__all__ = ["at_once", "numbers"]
pytestmark = [needs_redis, pytest.mark.faults]
both_times = pytest.mark.parametrize("is_late", [False, True], ids=["early", "late"])
Act = Callable[[Flask, Place, Browser], int]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a client waits before it tries again proves nothing."""
    monkeypatch.setattr("redis.retry.sleep", lambda _seconds: None)


@pytest.fixture
def few(pytestconfig: pytest.Config) -> Iterator[int]:
    """As `numbers`, of what has few commands."""
    return every(pytestconfig, 3)


@pytest.fixture
def portal(
    app: Flask,
    redis: Queue,
    smtp: MailServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Flask]:
    """As in production: tries to sign in are counted in the same Redis, and a fault
    that nobody catches becomes a page."""
    before = dict(vars(limiter))
    of_the_queue = {
        name: value
        for name, value in from_environment(
            {"GUICHET_ENV": "test", "REDIS_URL": redis.url}
        ).items()
        if name.startswith(("REDIS", "RATELIMIT"))
    }
    of_tests = settings(app.config["SQLALCHEMY_DATABASE_URI"], tmp_path)
    of_tests |= {"STORAGE_URL": app.config["STORAGE_URL"]}
    made = create_app(of_tests | of_the_queue | {"PROPAGATE_EXCEPTIONS": False})
    point_to(made, smtp, monkeypatch)
    yield made
    with made.app_context():
        db.engine.dispose()
    vars(limiter).clear()
    vars(limiter).update(before)


def forget(redis: Queue) -> None:
    """As if the last one had never been: of all that is once a minute, too."""
    redis.redis.flushall()
    vars(limiter)["_storage_dead"] = False
    db.session.execute(delete(TestMail))
    db.session.commit()


# What people do


def sign_in(portal: Flask, place: Place, _browser: Browser) -> int:
    return enter(portal, place, PASSWORD)


def mistype(portal: Flask, place: Place, _browser: Browser) -> int:
    return enter(portal, place, "wrong")


def enter(portal: Flask, place: Place, password: str) -> int:
    browser = browser_at(portal, db.session.get(Firm, place.company.firm_id))
    fields = {"email": place.client.email, "password": password}
    return said(
        browser.post("/login", data=fields | {"csrf_token": csrf_token(browser)})
    )


def send_now(_portal: Flask, place: Place, browser: Browser) -> int:
    return said(browser.post(f"/companies/{place.company.slug}/send-now"))


def try_address(_portal: Flask, place: Place, browser: Browser) -> int:
    url = f"/apps/quickbooks/companies/{place.company.slug}/test"
    return said(browser.post(url))


def switch_and_send(_portal: Flask, place: Place, browser: Browser) -> int:
    """What is enqueued leaves after the commit."""
    on = place.connection("dext")
    switches.set_switch(place.folders[0], on, "purchases", "off", by=place.admin)
    db.session.commit()
    drop(place, f"{uuid.uuid4()}.pdf")
    url = f"/companies/{place.company.slug}/folders/{place.folders[0].id}/switches"
    data = {"state": "on", "send": "yes", "slot": "purchases"}
    return said(browser.post(f"{url}/dext", data=data))


def new_address(_portal: Flask, place: Place, browser: Browser) -> int:
    """The password is asked, and the administrators are written to after the commit."""
    address = f"{uuid.uuid4().hex}@tool.test"
    data = {"authorised": "on", "destination_purchases": address, "sure": "yes"}
    url = f"/apps/quickbooks/companies/{place.company.slug}"
    status = said(browser.post(url, data=data | {"password": PASSWORD}))
    connection = db.session.get_one(
        Connection, place.connection("quickbooks").id, populate_existing=True
    )
    kept = connection.destination_for("purchases")
    assert kept
    db.session.refresh(kept)
    assert kept.address == address
    db.session.commit()
    return status


def wrong_password(_portal: Flask, place: Place, browser: Browser) -> int:
    data = {"authorised": "on", "sure": "yes", "password": "wrong"}
    data |= {"destination_purchases": f"{uuid.uuid4().hex}@tool.test"}
    return said(
        browser.post(f"/apps/quickbooks/companies/{place.company.slug}", data=data)
    )


def said(answer: Any) -> int:
    assert "Traceback" not in answer.text
    return int(answer.status_code)


ACTS: dict[str, tuple[Act, int]] = {
    "sign in": (sign_in, 303),
    "mistype": (mistype, 422),
    "send now": (send_now, 303),
    "test e-mail": (try_address, 303),
    "switch and send": (switch_and_send, 303),
    "new address": (new_address, 303),
    "wrong password": (wrong_password, 422),
}


@both_times
@pytest.mark.parametrize("name", ACTS)
def test_a_person_is_answered_as_ever(
    portal: Flask,
    redis: Queue,
    smtp: MailServer,
    few: Iterator[int],
    name: str,
    is_late: bool,
) -> None:
    act, expected = ACTS[name]
    place = places_with_switches()[0]
    place.connect("dext")
    db.session.commit()
    browser = signed_in(portal, place.admin)
    for n in few:
        forget(redis)
        kept = drop(place, f"{n}.pdf")
        with nth.queue_fails(n, is_late=is_late) as struck:
            assert act(portal, place, browser) == expected, n
        assert broken(smtp.messages) == [], n
        settle()
        assert delivery_of_first(kept).state == "accepted", n
        assert broken(smtp.messages, at_rest=True) == [], n
        if not struck.has_struck:
            break
    assert n > 1
    assert len(smtp.messages) == len(set(smtp.ids()))


def delivery_of_first(document_id: uuid.UUID) -> Delivery:
    """The one towards the tool that its folder was on for when it came."""
    wanted = select(Delivery).where(Delivery.document_id == document_id)
    found = db.session.scalars(
        wanted.order_by(Delivery.id).execution_options(populate_existing=True)
    ).all()
    db.session.commit()
    return found[0]


def test_a_deposit_asks_nothing_of_the_queue(
    portal: Flask, redis: Queue, smtp: MailServer
) -> None:
    """So that none of its calls can fail."""
    place = places_with_switches()[0]
    browser = signed_in(portal, place.client)
    url = f"/companies/{place.company.slug}/folders/{place.folders[0].id}/documents"
    once = uuid.uuid4()
    with nth.queue_fails(1) as struck:
        assert deposit_once(browser, url, once, 1) == 303
    assert struck.calls == 0
    [document_id] = documents(once)
    assert rows_of(document_id) == (1, 1, 1)
    settle()
    assert broken(smtp.messages, at_rest=True) == []
    assert len(smtp.messages) == 1


# The clock


SLOT = datetime(2026, 11, 4, 9, 45, tzinfo=UTC)


@both_times
def test_the_clock_asks_again_and_there_is_one_job(
    portal: Flask, redis: Queue, few: Iterator[int], is_late: bool
) -> None:
    with portal.app_context():
        mail = queue("mail")
    for n in few:
        forget(redis)
        with nth.queue_fails(n, is_late=is_late) as struck:
            asked = worker.ask_for(portal, SLOT)
        assert asked is (None if struck.has_struck else True), n
        again = worker.ask_for(portal, SLOT)
        assert again is not None
        assert mail.job_ids == [f"tick-{int(SLOT.timestamp())}"], n
        assert mail.jobs[0].func_name == "app.delivery.jobs.tick"
        if not struck.has_struck:
            break
    assert n > 1
    assert again is False


# The worker


class Here(SimpleWorker, worker.GuichetWorker):
    """The product's worker, whose work-horse is the worker itself: the commands of
    both are counted by one."""

    def _install_signal_handlers(self) -> None:
        """Not the tests' own."""

    def subscribe(self) -> None:
        """What it reads in a thread would be counted at any moment."""

    def unsubscribe(self) -> None:
        pass


def work(portal: Flask, struck: Count | None = None) -> None:
    """Until nothing is asked for any more. It begins anew where the queue was gone,
    which is there again by then (`worker.work`)."""
    for _ in range(5):
        with suppress(RedisError, OSError):
            worker.make_worker(portal).work(burst=True, logging_level="ERROR")
            return
        if struck:
            struck.heal()
    raise AssertionError("it does not come to its end")


@both_times
def test_a_worker_s_run(
    portal: Flask,
    redis: Queue,
    smtp: MailServer,
    numbers: Iterator[int],
    monkeypatch: pytest.MonkeyPatch,
    is_late: bool,
) -> None:
    monkeypatch.setattr(worker, "GuichetWorker", Here)
    place = places_with_switches()[0]
    for passes, n in enumerate(numbers, 1):  # noqa: B007 - asked at the end
        forget(redis)
        drops = [drop(place, f"{n}-{number}.pdf") for number in range(2)]
        assert worker.ask_for(portal, SLOT + n * timedelta(hours=1)) is True
        with (
            nth.queue_fails(n, is_late=is_late) as struck,
            monkeypatch.context() as patch,
        ):
            # The worker waits for the queue to come back: it does.
            patch.setattr("rq.worker.base.time.sleep", struck.heal)
            work(portal, struck)
        assert broken(smtp.messages) == [], n
        make_due()
        later = SLOT + n * timedelta(hours=1) + timedelta(minutes=15)
        assert worker.ask_for(portal, later) is True, n
        work(portal)
        assert {delivery_of(done).state for done in drops} == {"accepted"}, n
        assert broken(smtp.messages, at_rest=True) == [], n
        if not struck.has_struck:
            break
    assert n > 10
    assert len(smtp.messages) == len(set(smtp.ids())) == 2 * passes
