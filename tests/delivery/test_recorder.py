"""Acceptances are recorded beside the next message, and never later than its marker."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from app.activity.models import Entry
from app.db import db
from app.delivery import acceptance, ledger, tick
from app.delivery.answers import Reply
from app.delivery.claiming import Claim, claim
from app.delivery.ledger import Ledger
from app.delivery.models import Attempt, Delivery
from app.delivery.recorder import Recorder, Unrecorded
from app.library.deposit import Deposited
from app.library.models import Document
from tests.cast import House
from tests.conftest import POSTGRES
from tests.delivery.processes import ONE_RUN, environment, start
from tests.delivery.world import (
    attempts_of,
    delivery_of,
    document_of,
    let_time_pass,
    marked,
    state_of,
    verbs_of,
)
from tests.papers import one_page_pdf
from tests.smtp import MailServer

OK = Reply("dot", 250, "2.0.0 Ok: queued as TEST1")
needs_ledger = pytest.mark.skipif(
    not POSTGRES, reason="SQLite records before the next message begins"
)


@contextmanager
def kept_back(done: Deposited) -> Iterator[Callable[[], bool]]:
    """The recording of its acceptance, until the call; gives whether it was still kept
    back then. After ten seconds it is not kept any longer."""
    lock = sa.select(Document.id).where(Document.id == done.document.id)
    is_kept = threading.Event()
    engine = sa.create_engine(db.engine.url, poolclass=sa.NullPool)

    def let_go() -> bool:
        was_kept = not is_kept.is_set()
        is_kept.set()
        other.rollback()
        return was_kept

    with engine.connect() as other:
        other.execute(lock.with_for_update())
        late = threading.Timer(10, let_go)
        late.start()
        try:
            yield let_go
        finally:
            late.cancel()


@needs_ledger
def test_the_next_message_is_under_way_while_the_last_one_is_recorded(
    house: House, smtp: MailServer
) -> None:
    first, second = house.drop("a.pdf"), house.drop("b.pdf")
    in_time: list[bool] = []
    with kept_back(first) as let_go:
        # The second one's 354: it would never be asked for if the run stood still.
        smtp.fails("data", call=lambda: in_time.append(let_go()), after=1)
        assert tick.run()["accepted"] == 2
    assert in_time == [True]
    assert state_of(first) == state_of(second) == ("accepted", None)


@pytest.mark.usefixtures("one_line")
def test_at_each_dot_all_that_was_taken_before_is_recorded(
    house: House, smtp: MailServer
) -> None:
    for number in range(25):
        house.drop(f"{number}.pdf")
    engine = sa.create_engine(db.engine.url, poolclass=sa.NullPool)
    recorded: list[int] = []

    def count() -> None:
        accepted = sa.select(sa.func.count()).where(Delivery.state == "accepted")
        with engine.connect() as other:
            recorded.append(other.scalar(accepted) or 0)

    smtp.fails("dot", call=count, times=25)
    assert tick.run()["accepted"] == 25
    assert recorded == list(range(25))


@needs_ledger
def test_a_fault_of_the_next_message_does_not_lose_the_last_acceptance(
    house: House, smtp: MailServer
) -> None:
    first, second = house.drop("a.pdf"), house.drop("b.pdf")
    with kept_back(first) as let_go:
        smtp.fails("mail", "421 4.3.2 Closing", call=let_go, after=1)
        assert tick.run()["accepted"] == 1
    assert state_of(first) == ("accepted", None)
    assert document_of(first).status == "validated"
    assert state_of(second) == ("pending", None)


def test_a_run_that_is_told_to_end_records_what_was_taken(
    house: House, smtp: MailServer
) -> None:
    first, second = house.drop("a.pdf"), house.drop("b.pdf")
    assert tick.run(should_stop=lambda: bool(smtp.messages))["accepted"] == 1
    assert state_of(first) == ("accepted", None)
    assert state_of(second) == ("pending", None)


def test_an_acceptance_that_cannot_be_recorded_ends_the_run_in_doubt(
    house: House, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    drops = [house.drop(f"{number}.pdf") for number in range(3)]

    def cut(*_asked: object) -> None:
        raise psycopg.OperationalError("the line was cut")

    def never(_claim: Claim, _reply: Reply) -> None:
        raise RuntimeError("no room on the disk")

    monkeypatch.setattr(acceptance, "begin", cut)
    monkeypatch.setattr(acceptance, "accepted", never)
    with pytest.raises(Unrecorded, match="no room on the disk"):
        tick.run()
    assert len(smtp.messages) == 1
    assert state_of(drops[0]) == ("in_doubt", None)
    # On PostgreSQL the second one was under way: it got no dot, and its lease says the
    # rest.
    assert state_of(drops[1])[0] == ("sending" if POSTGRES else "pending")
    assert state_of(drops[2]) == ("pending", None)


@needs_ledger
def test_the_last_acceptance_of_a_run_is_waited_for(house: House) -> None:
    done = house.drop()
    (ours,) = claim("me")
    assert marked(ours)

    def interrupted(let_go: Callable[[], bool]) -> None:
        with ledger.opened() as kept, Recorder(kept) as recorder:
            recorder.accepted(ours, OK)
            threading.Timer(0.2, let_go).start()
            raise KeyboardInterrupt

    with kept_back(done) as let_go, pytest.raises(KeyboardInterrupt):
        interrupted(let_go)
    assert state_of(done) == ("accepted", None)


@needs_ledger
def test_an_acceptance_whose_answer_is_lost_is_recorded_once(
    house: House, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    drops = [house.drop(f"{number}.pdf") for number in range(3)]
    real = Ledger.answer
    lost: list[int] = []

    def answer(self: Ledger) -> int:
        rows = real(self)
        if len(smtp.messages) == 2 and not lost:
            lost.append(rows)
            self._give_up()
            raise psycopg.OperationalError("the line was cut")
        return rows

    monkeypatch.setattr(Ledger, "answer", answer)
    assert tick.run()["accepted"] == 3
    assert lost == [2]  # lines of the trail
    assert [len(attempts_of(done)) for done in drops] == [1, 1, 1]
    assert verbs_of(drops[1]) == ["deposited", "transmitted", "validated"]


KILLED_WHILE_RECORDING = f"""
import os, signal
from app.delivery import acceptance
acceptance.begin = acceptance.accepted = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
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
    assert marked(ours)
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


@needs_ledger
@pytest.mark.parametrize(
    "held",
    [{}, {"document": "rejected"}, {"delivery": "bounced"}, {"delivery": "unknown"}],
)
def test_at_once_and_step_by_step_leave_the_same(
    house: House, held: dict[str, str]
) -> None:
    one = told(house, by_ledger, **held)
    assert one == told(house, acceptance._at_once, **held)
    assert one == told(house, acceptance._step_by_step, **held)
    assert "transmitted" in str(one) or held.get("delivery") == "bounced"


def by_ledger(ours: Claim, reply: Reply) -> None:
    with ledger.opened() as kept, Recorder(kept) as recorder:
        recorder.accepted(ours, reply)


@needs_ledger
def test_a_document_that_is_being_changed_is_validated_all_the_same(
    house: House,
) -> None:
    done = house.drop()
    (ours,) = claim("me")
    assert marked(ours)
    rename = sa.update(Document).values(name="b.pdf")
    with db.engine.connect() as other:
        other.execute(rename.where(Document.id == done.document.id))
        with ledger.opened() as kept, Recorder(kept) as recorder:
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
