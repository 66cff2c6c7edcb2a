"""What waits is read in its turn: no address, no poisoned mail and no dead worker keeps
others waiting, and each mail comes to an end that a person sees."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.collection import accepting, filing, jobs, limits
from app.collection.accepting import Envelope
from app.collection.models import InboundMail
from app.db import database_now, db
from app.library.models import Document
from app.library.receiving import store
from app.mailroom.entrance import take_in
from app.storage import StorageUnavailable
from tests.cast import House, World
from tests.collection.letters import letter

MANY = int(os.environ.get("MAILS_TO_ONE", "200"))
COMPTA = "compta+dune-alder@mail.guichet.test"
OTHERS = ["compta+elm-alder@mail.guichet.test", "compta+dune-birch@mail.guichet.test"]
SUPPLIER = Envelope("smtp", "facturation@supplier.test")
Process = Callable[[InboundMail], str]


@pytest.fixture(autouse=True)
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The recipients of what was read, in that order."""
    seen: list[str] = []
    real = filing.process

    def process(mail: InboundMail) -> str:
        seen.append(mail.recipient)
        return real(mail)

    monkeypatch.setattr(filing, "process", process)
    return seen


def hand_in(number: int, to: str = COMPTA) -> InboundMail:
    raw = letter((f"{number}.pdf", "application/pdf"), message_id=f"<{number}@a.test>")
    [taken] = take_in(raw, SUPPLIER, [to])
    return db.session.get_one(InboundMail, taken.mail_id)


def state_of(mail: InboundMail) -> tuple[str, str]:
    db.session.rollback()
    db.session.refresh(mail)
    db.session.commit()
    return mail.state, mail.reason


def breaking(
    monkeypatch: pytest.MonkeyPatch, bad: set[str], error: Exception
) -> list[str]:
    """Reading mail for these addresses fails so; gives who was tried."""
    tried: list[str] = []
    real = filing.process

    def process(mail: InboundMail) -> str:
        tried.append(mail.recipient)
        if mail.recipient in bad:
            raise error
        return real(mail)

    monkeypatch.setattr(filing, "process", process)
    return tried


def time_passes(by: timedelta = timedelta(minutes=10)) -> None:
    for mail in db.session.scalars(
        select(InboundMail)
        .where(InboundMail.state == "waiting")
        .execution_options(populate_existing=True)
    ):
        if mail.leased_until:
            mail.leased_until -= by
        mail.turn_at -= by
        mail.received_at -= by
    db.session.commit()


def test_many_mails_to_one_address_delay_no_other_company(read: list[str]) -> None:
    for number in range(MANY):
        hand_in(number)
    mails = [hand_in(number, to) for number, to in enumerate(OTHERS)]
    # Those whose seconds had come while the many were handed in are before them.
    before = [
        mail_id
        for mail_id, turn in db.session.execute(
            select(InboundMail.id, InboundMail.turn_at)
        )
        if turn < max(mail.turn_at for mail in mails)
    ]
    db.session.commit()
    while jobs.read_waiting():
        pass
    assert len(read) == MANY + len(OTHERS)
    assert max(map(read.index, OTHERS)) <= len(before) + 1
    assert len(before) < MANY / 2


def test_a_flood_asks_for_few_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(accepting, "enqueue", lambda *given, **_: asked.append(given))
    for number in range(30):
        hand_in(number)
    few = len(asked)
    assert few < 20
    hand_in(1, OTHERS[0])
    assert len(asked) == few + 1


def test_many_poisoned_mails_keep_no_good_one_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad = {f"x{n}@mail.guichet.test" for n in range(20)}
    tried = breaking(monkeypatch, bad, ValueError("poison"))
    poisoned = [hand_in(n, to) for n, to in enumerate(sorted(bad))]
    good = hand_in(99)
    jobs.read_waiting()
    assert state_of(good) == ("filed", "")
    for _ in range(jobs.MOST_TRIES):
        time_passes()
        jobs.read_waiting()
    assert {state_of(mail) for mail in poisoned} == {("quarantined", "damaged")}
    assert len(tried) == jobs.MOST_TRIES * len(bad) + 1


@pytest.mark.parametrize("error", [StorageUnavailable("away"), OSError("away")])
def test_while_something_is_away_mails_wait_and_are_not_blamed(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    mails = [hand_in(number, to) for number, to in enumerate([*OTHERS, COMPTA])]
    with monkeypatch.context() as patch:
        tried = breaking(patch, {COMPTA, *OTHERS}, error)
        for _ in range(2 * jobs.MOST_TRIES):
            jobs.read_waiting()
            time_passes()
        assert len(tried) == 2 * jobs.MOST_TRIES * len(mails)
    jobs.read_waiting()
    assert {state_of(mail) for mail in mails} == {("filed", "")}
    assert len(db.session.scalars(select(Document.id)).all()) == len(mails)


def test_when_nothing_can_be_read_not_everything_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(30):
        hand_in(number)
    tried = breaking(monkeypatch, {COMPTA}, StorageUnavailable("away"))
    jobs.read_waiting()
    assert len(tried) == jobs.MOST_FAULTS


def test_some_that_can_never_be_read_now_let_the_others_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad = {f"x{n}@mail.guichet.test" for n in range(5)}
    breaking(monkeypatch, bad, OSError("never"))
    stuck = [hand_in(n, to) for n, to in enumerate(sorted(bad))]
    good = hand_in(99)
    for _ in range(3):
        jobs.read_waiting()
        time_passes(jobs.SOON)
    assert state_of(good) == ("filed", "")
    time_passes(jobs.PATIENCE)
    for _ in range(4 * jobs.MOST_TRIES):
        jobs.read_waiting()
        time_passes()
    assert {state_of(mail) for mail in stuck} == {("quarantined", "damaged")}


def test_one_whose_reader_died_is_taken_again_after_its_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Dead(BaseException):
        pass

    mail = hand_in(1)
    with monkeypatch.context() as patch:
        breaking(patch, {COMPTA}, Dead())  # type: ignore[arg-type]
        with pytest.raises(Dead):
            jobs.read_waiting()
    db.session.rollback()
    assert jobs.read_waiting() == 0, "another may have it"
    time_passes(jobs.LEASE + timedelta(seconds=1))
    assert jobs.read_waiting() == 1
    assert state_of(mail) == ("filed", "")


def test_one_that_kills_its_readers_comes_before_a_person() -> None:
    mail = hand_in(1)
    mail.attempts = jobs.MOST_TRIES
    db.session.commit()
    jobs.read_waiting()
    assert state_of(mail) == ("quarantined", "damaged")


def test_bytes_that_are_missing_come_before_a_person() -> None:
    mail = hand_in(1)
    store().delete(mail.storage_key or "")
    for _ in range(jobs.MOST_TRIES + 1):
        jobs.read_waiting()
        time_passes()
    assert state_of(mail) == ("quarantined", "damaged")


def test_who_wakes_after_its_lease_does_not_put_off_what_another_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mail = hand_in(1)
    theirs = database_now() + timedelta(hours=1)
    db.session.commit()
    real = filing.process

    def process(taken: InboundMail) -> str:
        with db.engine.begin() as other:
            other.execute(
                InboundMail.__table__.update().values(leased_until=theirs)  # type: ignore[attr-defined]
            )
        raise ValueError("too late")

    with monkeypatch.context() as patch:
        patch.setattr(filing, "process", process)
        jobs.read_waiting()
    assert real is filing.process
    db.session.refresh(mail)
    assert mail.leased_until == theirs


def test_a_reader_that_has_had_its_time_leaves_the_rest_to_another_job(
    monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(jobs, "MOST_SECONDS", 0.001)
    monkeypatch.setattr(jobs, "_go_on", lambda: asked.append(True))
    for number in range(3):
        hand_in(number)
    assert jobs.read_waiting() == 1
    assert asked == [True]


@pytest.fixture
def told_to_end(app: Flask) -> Iterator[None]:
    from app.queueing import TOLD_TO_END

    app.extensions[TOLD_TO_END] = True
    yield
    del app.extensions[TOLD_TO_END]


def test_a_worker_that_is_told_to_end_takes_no_other(told_to_end: None) -> None:
    hand_in(1)
    assert jobs.read_waiting() == 0


@pytest.mark.parametrize("limit", ["STRAYS_OF_DOMAIN", "MOST_WAITING"])
def test_what_is_too_much_for_one_recipient_is_kept_for_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    full = COMPTA if limit == "MOST_WAITING" else "nobody@mail.guichet.test"
    other = OTHERS[1]
    take_in(letter(message_id="<0@x>"), SUPPLIER, [full])
    with monkeypatch.context() as patch:
        patch.setattr(limits, limit, 0)
        with pytest.raises(limits.NotNow):
            take_in(letter(), SUPPLIER, [full, other])
    db.session.rollback()
    kept = select(InboundMail.recipient).where(InboundMail.message_id != "<0@x>")
    assert db.session.scalars(kept).all() == [other]
    taken = take_in(letter(), SUPPLIER, [full, other])
    assert [one.is_new for one in taken] == [True, False]
