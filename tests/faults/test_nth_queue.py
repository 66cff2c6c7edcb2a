"""The Nth command to the queue fails, and all that follow, for every N: it only wakes,
so nothing is lost, nothing leaves twice, and every person is answered."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.connectors import switches
from app.connectors.models import Connection
from app.db import db
from app.delivery.models import Delivery
from app.firms.models import Firm
from tests.cast import PASSWORD, Browser, browser_at, csrf_token, signed_in
from tests.faults import nth
from tests.faults.invariants import broken
from tests.faults.portal import both_times, few, forget, impatient, portal
from tests.faults.small import Place
from tests.faults.stage import settle
from tests.faults.test_nth_call import (
    at_once,
    deposit_once,
    documents,
    drop,
    places_with_switches,
    rows_of,
)
from tests.redis_server import Queue, needs_redis
from tests.smtp import MailServer

__all__ = ["at_once", "few", "impatient", "portal"]
pytestmark = [needs_redis, pytest.mark.faults]
Act = Callable[[Flask, Place, Browser], int]


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


@pytest.mark.parametrize("is_late", [False, True])
def test_a_deposit_is_whole_whatever_becomes_of_its_jobs(
    portal: Flask, redis: Queue, smtp: MailServer, few: Iterator[int], is_late: bool
) -> None:
    """Pictures and text of the file are asked for behind its commit."""
    place = places_with_switches()[0]
    browser = signed_in(portal, place.client)
    url = f"/companies/{place.company.slug}/folders/{place.folders[0].id}/documents"
    for n in few:
        forget(redis)
        once = uuid.uuid4()
        with nth.queue_fails(n, is_late=is_late) as struck:
            assert deposit_once(browser, url, once, n) == 303
        [document_id] = documents(once, n)
        assert rows_of(document_id) == (1, 1, 1)
        settle()
        assert broken(smtp.messages, at_rest=True) == []
        assert len(smtp.messages) == len(set(smtp.ids()))
        if not struck.has_struck:
            break
    assert n > 1
