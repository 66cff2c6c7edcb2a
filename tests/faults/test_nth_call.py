"""The Nth call of a deposit, of a run, of an act fails, for every N: nothing is lost,
nothing is half done, and what was asked again is done once."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from app.activity.models import Entry
from app.connectors import connecting, switches
from app.connectors.models import Connection, Destination, FolderSwitch
from app.db import database_now, db
from app.delivery import acceptance, by_hand, tick
from app.delivery.bouncing import bounced
from app.delivery.models import DONE, Delivery
from app.library.deposit import deposit
from app.library.models import Arrival, Document, Version
from app.library.receiving import receive
from app.library.uploads import identity_of
from app.storage import StorageUnavailable
from tests.cast import Browser, signed_in
from tests.delivery.world import let_time_pass
from tests.faults import nth
from tests.faults.invariants import broken
from tests.faults.nth import ANSWER, COMMIT, DATABASE, STATEMENT, Count, Killed
from tests.faults.small import Place, empty, make_small
from tests.faults.stage import settle
from tests.library.test_depositing import post
from tests.papers import one_page_pdf
from tests.smtp import MailServer

pytestmark = pytest.mark.faults

Fault = Callable[[Flask, MailServer, int], AbstractContextManager[Count]]
FAILURES = (DBAPIError, StorageUnavailable, Killed)


def database(*kinds: str, is_killed: bool = False) -> Fault:
    return lambda _app, _smtp, n: nth.database_fails(n, *kinds, is_killed=is_killed)


def store(*, is_late: bool = False) -> Fault:
    return lambda app, _smtp, n: nth.store_fails(app, n, is_late=is_late)


def mail(reply: str = "") -> Fault:
    return lambda _app, smtp, n: nth.mail_fails(smtp, n, reply)


OF_THE_DATABASE = {
    "statement": database(STATEMENT),
    "commit": database(COMMIT),
    "answer": database(ANSWER),
    "killed": database(*DATABASE, is_killed=True),
}
OF_THE_STORE = {"store": store(), "store late": store(is_late=True)}
OF_THE_MAIL = {
    "cut": mail(),
    "put off": mail("451 4.3.0 Later"),
    "closing": mail("421 4.3.2 Closing"),
    "refused": mail("554 5.6.0 No"),
}
OF_A_RUN = OF_THE_DATABASE | OF_THE_STORE | OF_THE_MAIL
OF_A_DEPOSIT = OF_THE_DATABASE | OF_THE_STORE


@pytest.fixture
def numbers(pytestconfig: pytest.Config) -> Iterator[int]:
    """1, 2, 3… where the faults were asked for; among all tests some of them
    (FAULT_EVERY says how many are left out)."""
    return every(pytestconfig, 9)


def every(pytestconfig: pytest.Config, usual: int) -> Iterator[int]:
    asked = "faults" in str(pytestconfig.option.markexpr)
    return count(1, int(os.environ.get("FAULT_EVERY") or (1 if asked else usual)))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptance, "PAUSE_SECONDS", 0)


def drop(place: Place, name: str, folder: int = 0) -> uuid.UUID:
    """Gives the document's id: a fault leaves no row usable in the session."""
    done = deposit(
        receive([one_page_pdf(name)], name),
        into=place.folders[folder],
        by=place.client,
        channel="web",
    )
    db.session.commit()
    return done.document.id


def delivery_of(document_id: uuid.UUID) -> Delivery:
    wanted = select(Delivery).where(Delivery.document_id == document_id)
    found = db.session.scalars(wanted.execution_options(populate_existing=True)).one()
    db.session.commit()
    return found


def change(document_id: uuid.UUID, **values: Any) -> None:
    """Write into the document's delivery; committed."""
    chosen = update(Delivery).where(Delivery.document_id == document_id)
    db.session.execute(chosen.values(**values))
    db.session.commit()


def places_with_switches() -> list[Place]:
    """Each company's first folder is on for its purchases' tool."""
    empty()
    places = make_small()
    for place in places:
        on = place.connect("quickbooks")
        switches.set_switch(place.folders[0], on, "purchases", "on", by=place.admin)
    db.session.commit()
    return places


def scene(places: list[Place]) -> list[uuid.UUID]:
    """What a run may find: fresh ones, one put off, two that a lost worker held (one
    of them in doubt), one in doubt that was trashed since, one of a revoked access."""
    dune, elm, fern = places
    names = ("fresh", "put-off", "lost", "in-doubt", "asked-to-stop", "other")
    fresh, put_off, *held, other = [drop(dune, f"{name}.pdf", 3) for name in names]
    another = drop(fern, "another-firm.pdf")
    revoked = drop(elm, "revoked.pdf")
    connecting.revoke(elm.connection("quickbooks"), by=elm.admin)
    change(put_off, state="deferred", attempts=1)
    bot = dune.connection("quickbooks").bot_address
    to = f"purchases.{dune.company.slug}@tool.test"
    lapsed = {"token": 1, "owner": "lost", "attempts": 1, "sender": bot}
    lapsed |= {"destination": to, "lease_until": database_now()}
    for done, state in zip(held, ("sending", "in_doubt", "in_doubt"), strict=True):
        change(done, state=state, **lapsed)
    change(held[-1], cancel_requested=True, reason="trashed")
    let_time_pass(1)
    return [fresh, put_off, *held, other, another, revoked]


@pytest.mark.parametrize("name", OF_A_RUN)
def test_a_run(app: Flask, smtp: MailServer, numbers: Iterator[int], name: str) -> None:
    for n in numbers:
        smtp.messages.clear()
        *due, revoked = scene(places_with_switches())
        with OF_A_RUN[name](app, smtp, n) as struck, suppress(*FAILURES):
            tick.run()
        assert broken(smtp.messages) == [], n
        settle()
        assert broken(smtp.messages, at_rest=True) == [], n
        ends = [delivery_of(done) for done in due]
        assert delivery_of(revoked).state == "held"
        # The one in doubt that was to be stopped is a person's to look at.
        assert ends.pop(4).state == "unknown"
        blocked = [end for end in ends if end.state not in DONE]
        assert name == "refused" or len(blocked) <= 1, n
        assert all(_may_be_blocked(end, name) for end in blocked), (n, blocked)
        if not struck.has_struck:
            break
    assert not blocked
    assert n > 6


def _may_be_blocked(end: Delivery, name: str) -> bool:
    """Twice in doubt, or refused for good: each is shown to a person."""
    is_uncertain = end.state == "unknown" and end.ambiguous == 2
    return is_uncertain or (name == "refused" and end.state in {"failed", "held"})


def files_of(app: Flask) -> int:
    root = Path(app.config["STORAGE_URL"].removeprefix("file://"))
    return sum(path.is_file() for path in root.rglob("*"))


@pytest.mark.parametrize("name", OF_A_DEPOSIT)
def test_a_deposit(
    app: Flask,
    smtp: MailServer,
    numbers: Iterator[int],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    place = places_with_switches()[0]
    browser = signed_in(app, place.client)
    folder = f"/companies/{place.company.slug}/folders/{place.folders[0].id}"
    url = f"{folder}/documents"
    for passes, n in enumerate(numbers, 1):  # noqa: B007 - asked at the end
        before = files_of(app)
        once = uuid.uuid4()
        with OF_A_DEPOSIT[name](app, smtp, n) as struck:
            status = deposit_once(browser, url, once, n)
        kept = files_of(app) - before
        db.session.remove()
        if status is not None and status < 400:
            assert len(documents(once, n)) == kept == 1, n
        assert deposit_once(browser, url, once, n) == 303, n
        [document_id] = documents(once, n)
        assert rows_of(document_id) == (1, 1, 1), n
        # One may stay that nobody can tell whether it is needed.
        assert files_of(app) - before <= 1 + is_bereft(name), n
        settle()
        assert broken(smtp.messages, at_rest=True) == [], n
        if not struck.has_struck:
            break
    assert n > 2
    assert len(smtp.messages) == len(set(smtp.ids())) == passes


def is_bereft(name: str) -> bool:
    """The web's process or the store went away: what it held may stay in the store."""
    return name in {"killed", "commit", "store", "store late"}


def deposit_once(browser: Browser, url: str, once: uuid.UUID, n: int) -> int | None:
    """The status of the answer, which is one that a person can read; None when there
    is none, since who would give it is no more."""
    file = (one_page_pdf(f"{n}"), f"{n}.pdf")
    try:
        answer = post(browser, url, file, fields={"upload_id": str(once)})
    except Killed:
        return None
    if answer.status_code >= 400:
        assert "Traceback" not in answer.text
        assert "<title>" in answer.text
    return int(answer.status_code)


def documents(once: uuid.UUID, n: int) -> list[uuid.UUID]:
    digest = sha256(one_page_pdf(f"{n}")).hexdigest()
    wanted = select(Document.id).where(
        Document.upload_id == identity_of(once, 0, digest)
    )
    found = db.session.scalars(wanted).all()
    db.session.commit()
    return list(found)


def rows_of(document_id: uuid.UUID) -> tuple[int, ...]:
    return tuple(
        db.session.scalar(select(func.count()).where(table.document_id == document_id))
        or 0
        for table in (Version, Arrival, Delivery)
    )


Act = Callable[[Place, list[uuid.UUID]], object]


ACTS: dict[str, Act] = {
    "switch off": lambda place, _d: switches.set_switch(
        *(place.folders[0], place.connection("quickbooks"), "purchases", "off"),
        by=place.admin,
    ),
    "switch on": lambda place, _d: switches.set_switch(
        *(place.folders[5], place.connection("quickbooks"), "purchases", "on"),
        by=place.admin,
    ),
    "revoke": lambda place, _d: connecting.revoke(
        place.connection("quickbooks"), by=place.admin
    ),
    "new address": lambda place, _d: place.connect("quickbooks", "new"),
    "mark received": lambda place, d: by_hand.mark_received(
        delivery_of(d[1]), by=place.admin
    ),
    "resend": lambda place, d: by_hand.resend(delivery_of(d[1]), by=place.admin),
    "bounce": lambda _place, d: bounced(
        delivery_of(d[2]), "550 5.1.1 Nobody of this name"
    ),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("name", OF_THE_DATABASE)
def test_an_act_is_done_whole_or_not_at_all(
    app: Flask, smtp: MailServer, numbers: Iterator[int], name: str, act: str
) -> None:
    for n in numbers:
        smtp.messages.clear()
        place = places_with_switches()[0]
        left = drop(place, "left.pdf")
        tick.run()
        failed = drop(place, "failed.pdf")
        smtp.fails("dot", "554 5.6.0 Cannot read it")
        tick.run()
        drops = [drop(place, "waits.pdf"), failed, left]
        before = told()
        with OF_THE_DATABASE[name](app, smtp, n) as struck, suppress(*FAILURES):
            ACTS[act](place, drops)
            db.session.commit()
        after = told()
        assert broken(smtp.messages) == [], n
        if after == before:
            ACTS[act](place, drops)
            db.session.commit()
        assert told() == done_once(name, act, told()), n
        settle()
        assert broken(smtp.messages, at_rest=True) == [], n
        if not struck.has_struck:
            break
    assert n > 1


_done_once: dict[tuple[str, str], list[Any]] = {}


def done_once(name: str, act: str, now: list[Any]) -> list[Any]:
    """The same whatever N was."""
    return _done_once.setdefault((name, act), now)


def told() -> list[Any]:
    """All that an act may change, without what differs from one time to the next."""
    db.session.remove()
    wanted: Iterator[Any] = iter(
        (
            select(Delivery.file_name, Delivery.state, Delivery.reason).order_by(
                Delivery.file_name, Delivery.id
            ),
            select(Delivery.cancel_requested, Delivery.ambiguous).order_by(Delivery.id),
            select(Document.name, Document.status).order_by(Document.name),
            select(FolderSwitch.is_on, FolderSwitch.closed_at.is_(None)).order_by(
                FolderSwitch.id
            ),
            select(Connection.revision, Connection.revoked_at.is_(None)).order_by(
                Connection.id
            ),
            select(Destination.address).order_by(Destination.address),
            select(Entry.verb).order_by(Entry.id),
        )
    )
    found = [[tuple(row) for row in db.session.execute(each)] for each in wanted]
    db.session.commit()
    return found
