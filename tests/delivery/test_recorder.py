"""Acceptances are recorded beside the next message, and never later than its marker."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.activity.models import Entry
from app.db import db
from app.delivery import acceptance, at_once, lastlook, tick
from app.delivery.answers import Reply
from app.delivery.claiming import Claim, claim
from app.delivery.models import Attempt, Delivery
from app.delivery.recorder import Recorder, Unrecorded
from app.library.models import Document
from tests.cast import House
from tests.delivery.processes import ONE_RUN, environment, start
from tests.delivery.world import (
    attempts_of,
    delivery_of,
    document_of,
    let_time_pass,
    state_of,
    verbs_of,
)
from tests.papers import one_page_pdf
from tests.smtp import MailServer

OK = Reply("dot", 250, "2.0.0 Ok: queued as TEST1")
Recording = Callable[[Claim, Reply], None]


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> Callable[[Recording], Recording]:
    """Put something in the way of the recording of acceptances; gives the real one."""
    real = acceptance.accepted

    def instead(other: Recording) -> Recording:
        monkeypatch.setattr(acceptance, "accepted", other)
        return real

    return instead


def test_the_next_message_is_under_way_while_the_last_one_is_recorded(
    house: House, smtp: MailServer, recording: Callable[[Recording], Recording]
) -> None:
    first, second = house.drop("a.pdf"), house.drop("b.pdf")
    is_under_way = threading.Event()

    def late(claimed: Claim, reply: Reply) -> None:
        assert is_under_way.wait(20)
        real(claimed, reply)

    real = recording(late)
    # The second one's 354: it would never be asked for if the run stood still.
    smtp.fails("data", call=is_under_way.set, after=1)
    assert tick.run()["accepted"] == 2
    assert state_of(first) == state_of(second) == ("accepted", None)


@pytest.mark.usefixtures("one_line")
def test_no_marker_is_set_before_the_last_acceptance_is_recorded(
    house: House,
    smtp: MailServer,
    recording: Callable[[Recording], Recording],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(25):
        house.drop(f"{number}.pdf")
    happened: list[str] = []

    def slow(claimed: Claim, reply: Reply) -> None:
        threading.Event().wait(0.02)
        real(claimed, reply)
        happened.append("recorded")

    def mark(claimed: Claim) -> bool:
        happened.append("marked")
        return real_mark(claimed)

    real, real_mark = recording(slow), lastlook.mark
    monkeypatch.setattr(lastlook, "mark", mark)
    assert tick.run()["accepted"] == 25
    assert happened == ["marked", "recorded"] * 25


def test_a_fault_of_the_next_message_does_not_lose_the_last_acceptance(
    house: House, smtp: MailServer, recording: Callable[[Recording], Recording]
) -> None:
    first, second = house.drop("a.pdf"), house.drop("b.pdf")
    has_failed = threading.Event()

    def late(claimed: Claim, reply: Reply) -> None:
        assert has_failed.wait(20)
        real(claimed, reply)

    real = recording(late)

    def fail() -> None:
        has_failed.set()

    smtp.fails("mail", "421 4.3.2 Closing", call=fail, after=1)
    assert tick.run()["accepted"] == 1
    assert state_of(first) == ("accepted", None)
    assert document_of(first).status == "validated"
    assert state_of(second) == ("pending", None)


def test_a_run_that_is_told_to_end_records_what_was_taken(
    house: House, smtp: MailServer, recording: Callable[[Recording], Recording]
) -> None:
    first, second = house.drop("a.pdf"), house.drop("b.pdf")

    def late(claimed: Claim, reply: Reply) -> None:
        threading.Event().wait(0.2)
        real(claimed, reply)

    real = recording(late)
    assert tick.run(should_stop=lambda: bool(smtp.messages))["accepted"] == 1
    assert state_of(first) == ("accepted", None)
    assert state_of(second) == ("pending", None)


def test_an_acceptance_that_cannot_be_recorded_ends_the_run_in_doubt(
    house: House, smtp: MailServer, recording: Callable[[Recording], Recording]
) -> None:
    drops = [house.drop(f"{number}.pdf") for number in range(3)]

    def never(_claim: Claim, _reply: Reply) -> None:
        raise RuntimeError("no room on the disk")

    recording(never)
    with pytest.raises(Unrecorded, match="no room on the disk"):
        tick.run()
    assert len(smtp.messages) == 1
    assert state_of(drops[0]) == ("in_doubt", None)
    # The second one was under way: it got no dot, and its lease says the rest.
    assert state_of(drops[1]) == ("sending", None)
    assert state_of(drops[2]) == ("pending", None)


def test_the_last_acceptance_of_a_run_is_waited_for(
    app: Flask, house: House, recording: Callable[[Recording], Recording]
) -> None:
    seen: list[str] = []

    def late(_claim: Claim, _reply: Reply) -> None:
        threading.Event().wait(0.1)
        seen.append("recorded")

    recording(late)
    house.drop()
    (ours,) = claim("me")

    def interrupted() -> None:
        with Recorder() as recorder:
            recorder.accepted(ours, OK)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert seen == ["recorded"]


KILLED_WHILE_RECORDING = f"""
import os, signal
from app.delivery import acceptance
acceptance.accepted = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
{ONE_RUN}
"""


def test_a_run_killed_before_it_recorded_leaves_one_doubt_and_two_copies_at_most(
    app: Flask, house: House, smtp: MailServer, tmp_path: Path
) -> None:
    for number in range(5):
        house.drop(f"{number}.pdf")
    run: subprocess.Popen[bytes] = start(
        *("-c", KILLED_WHILE_RECORDING),
        env=environment(app, smtp),
        log=tmp_path / "run.log",
    )
    assert run.wait(60) == -signal.SIGKILL
    states = sorted(db.session.scalars(sa.select(Delivery.state)))
    db.session.commit()
    assert states == ["in_doubt", *["sending"] * 4]
    for _ in range(3):
        let_time_pass(60)
        tick.run()
    assert set(db.session.scalars(sa.select(Delivery.state))) == {"accepted"}
    copies = sorted(smtp.ids().count(one) for one in set(smtp.ids()))
    assert copies == [1, 1, 1, 1, 2]
    assert os.getpid() != run.pid


# One statement says what the steps say.


def told(
    house: House, way: Callable[[Claim, Reply], None], **held: str
) -> list[object]:
    """All that an acceptance leaves, without what differs by nature."""
    done = house.drop(f"{way.__name__}.pdf", content=one_page_pdf("the same"))
    if status := held.get("document"):
        done.document.status = status
    db.session.commit()
    (ours,) = claim("me")
    ours.bytes_sent = 1234
    assert lastlook.mark(ours)
    if state := held.get("delivery"):
        db.session.execute(
            sa.update(Delivery).where(Delivery.id == ours.id).values(state=state)
        )
        db.session.commit()
    for _ in range(2):
        way(ours, OK)
    delivery, document = delivery_of(done), document_of(done)
    (attempt,) = attempts_of(done)
    entries = db.session.scalars(
        sa.select(Entry).where(Entry.document_id == document.id).order_by(Entry.id)
    ).all()
    own = {str(delivery.id): "delivery", delivery.message_id: "message"}
    return [
        *(
            delivery.state,
            delivery.reason,
            delivery.owner,
            delivery.lease_until is None,
        ),
        *(delivery.last_code, delivery.last_text, delivery.provider_id),
        delivery.accepted_at == delivery.settled_at == document.validated_at,
        *(document.status, document.validated_by_id),
        delivery.connection.last_success_at is not None,
        *(attempt.phase, attempt.code, attempt.enhanced_code, attempt.text),
        *(attempt.token, attempt.owner, attempt.bytes_sent, attempt.firm_id),
        *((one.verb, one.is_firm_only, one.actor_id, one.position) for one in entries),
        *({k: own.get(v, v) for k, v in one.details.items()} for one in entries[1:]),
    ]


@pytest.mark.parametrize(
    "held",
    [{}, {"document": "rejected"}, {"delivery": "bounced"}, {"delivery": "unknown"}],
)
def test_at_once_and_step_by_step_leave_the_same(
    house: House, held: dict[str, str]
) -> None:
    if not at_once.is_possible():
        pytest.skip("SQLite has the steps only")
    one = told(house, acceptance._at_once, **held)
    other = told(house, acceptance._step_by_step, **held)
    assert one == other
    assert "transmitted" in str(one) or held.get("delivery") == "bounced"


def test_a_document_that_is_being_changed_is_validated_all_the_same(
    app: Flask, house: House
) -> None:
    if not at_once.is_possible():
        pytest.skip("on SQLite the change and the recording take turns")
    done = house.drop()
    (ours,) = claim("me")
    assert lastlook.mark(ours)
    rename = sa.update(Document).values(name="b.pdf")
    with db.engine.connect() as other:
        other.execute(rename.where(Document.id == done.document.id))
        with Recorder() as recorder:
            recorder.accepted(ours, OK)
            waits_for_lock()
            other.commit()
    assert state_of(done) == ("accepted", None)
    assert (document_of(done).status, document_of(done).name) == ("validated", "b.pdf")
    assert verbs_of(done) == ["deposited", "transmitted", "validated"]
    assert db.session.scalar(sa.select(sa.func.count(Attempt.id))) == 1


def waits_for_lock() -> None:
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with db.engine.connect() as connection:
        while not connection.execute(waiting).scalar():
            connection.rollback()


def test_a_pooler_that_keeps_no_plans_is_done_without(house: House) -> None:
    """Through one, a kept plan is one that the server has never heard of."""
    if not at_once.is_possible():
        pytest.skip("PostgreSQL keeps plans")
    done = house.drop()
    (ours,) = claim("me")

    db.engine.dispose()  # there is one line to the database from here on
    statement = sa.select(sa.literal(1))
    for _ in range(3):
        assert at_once.execute(statement, {}) == [(1,)]
        with db.engine.connect() as connection:
            line = connection.connection.driver_connection
            line.pgconn.exec_(b"DEALLOCATE ALL")  # type: ignore[union-attr]
    assert lastlook.mark(ours)
    assert state_of(done) == ("in_doubt", None)
