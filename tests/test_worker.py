"""The worker as it runs: a process of its own with its clock and its children."""

import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

import worker
from app.db import db
from app.delivery import jobs
from app.delivery.models import Delivery, Tick
from app.queueing import enqueue_once, queue
from tests.cast import House, World
from tests.conftest import point_to
from tests.delivery.processes import environment, members, signal_all, start, wait_until
from tests.redis_server import Queue, needs_redis, redis
from tests.smtp import MailServer

__all__ = ["redis"]

pytestmark = [needs_redis, pytest.mark.faults]
Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def house(
    app: Flask, world: World, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> House:
    point_to(app, smtp, monkeypatch)
    world.alder.switch("on")
    return world.alder


@pytest.fixture
def start_worker(
    app: Flask, smtp: MailServer, redis: Queue, tmp_path: Path
) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def start_one() -> subprocess.Popen[bytes]:
        env = environment(app, smtp)
        started.append(start("worker.py", env=env, log=tmp_path / "worker.log"))
        return started[-1]

    yield start_one
    for process in started:
        signal_all(process, signal.SIGKILL)
        process.wait()


def drop(house: House, count: int) -> None:
    for number in range(count):
        house.drop(f"{number}.pdf")


def states() -> Counter[str]:
    counted = select(Delivery.state, func.count()).group_by(Delivery.state)
    found = Counter(dict(db.session.execute(counted).all()))
    db.session.commit()
    return found


def ticks() -> list[Tick]:
    """The slots whose run has ended."""
    found = db.session.scalars(select(Tick).where(Tick.finished_at.is_not(None))).all()
    db.session.commit()  # on SQLite a reader may lock the others out
    return list(found)


def ask(house: House, job_id: str) -> bool | None:
    return enqueue_once(jobs.send_now, str(house.dune.id), job_id=job_id)


def test_a_worker_that_starts_sends_what_is_due_at_once(
    house: House, start_worker: Start, smtp: MailServer
) -> None:
    drop(house, 3)
    start_worker()
    wait_until(lambda: states() == {"accepted": 3})
    assert len(smtp.messages) == 3
    wait_until(lambda: len(ticks()) == 1)


@pytest.mark.parametrize("count", [2, 4])
def test_workers_with_a_clock_each_send_nothing_twice(
    house: House, start_worker: Start, smtp: MailServer, redis: Queue, count: int
) -> None:
    drop(house, 40)
    smtp.fails("dot", wait=0.05, times=999)
    workers = [start_worker() for _ in range(count)]
    for number in range(6):
        ask(house, f"ask-{number}")
    wait_until(lambda: states() == {"accepted": 40})
    assert Counter(smtp.ids()).most_common(1)[0][1] == 1
    assert smtp.connections > 1  # both had a hand in it
    slots = len(redis.redis.keys("rq:job:tick-*"))
    wait_until(lambda: len(ticks()) == slots)
    assert {worker.poll() for worker in workers} == {None}


def test_told_to_end_it_finishes_the_message_under_way(
    house: House, start_worker: Start, smtp: MailServer
) -> None:
    drop(house, 5)
    is_under_way = threading.Event()
    smtp.fails("ack", after=1, wait=0.3, call=is_under_way.set)
    smtp.fails("ack", wait=2, times=9)
    process = start_worker()
    wait_until(is_under_way.is_set)
    signal_all(process, signal.SIGTERM)
    assert process.wait(timeout=45) == 0
    sent = len(smtp.messages)
    assert states() == Counter(accepted=sent, pending=5 - sent)
    assert len(smtp.messages) < 5
    assert members(process) == []


def test_told_to_end_when_idle_it_ends_at_once(
    house: House, start_worker: Start, redis: Queue
) -> None:
    process = start_worker()
    wait_until(lambda: len(ticks()) > 0)
    wait_until(lambda: len(members(process)) == 1)
    began = time.monotonic()
    signal_all(process, signal.SIGTERM)
    assert process.wait(timeout=45) == 0
    assert time.monotonic() - began < 8


def test_a_queue_that_forgets_everything_only_delays(
    house: House, start_worker: Start, redis: Queue, smtp: MailServer
) -> None:
    process = start_worker()
    wait_until(lambda: len(ticks()) > 0)
    redis.redis.flushall()
    drop(house, 1)
    ask(house, "after-the-flush")
    wait_until(lambda: states() == {"accepted": 1})
    redis.end()
    house.drop("pendant.pdf")
    assert ask(house, "without-queue") is None
    redis.start()
    ask(house, "after-the-restart")
    wait_until(lambda: states() == {"accepted": 2})
    assert process.poll() is None
    assert len(smtp.messages) == 2


def test_told_to_end_while_the_queue_is_away_it_ends(
    house: House, start_worker: Start, redis: Queue, smtp: MailServer
) -> None:
    drop(house, 1)
    is_under_way = threading.Event()
    smtp.fails("ack", wait=4, call=is_under_way.set)
    process = start_worker()
    wait_until(is_under_way.is_set)
    redis.end()  # while a child is at work
    wait_until(lambda: states() == {"accepted": 1})
    time.sleep(worker.PAUSE_SECONDS * 3)  # it asks again and again
    signal_all(process, signal.SIGTERM)
    assert process.wait(timeout=45) == 0


def test_the_clock_asks_again_until_the_queue_answers(
    app: Flask, redis: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LOOK_SECONDS", 0.1)
    monkeypatch.setitem(app.config, "TICK_MINUTES", 60)
    redis.end()
    ended = threading.Event()
    clock = threading.Thread(target=worker.keep_time, args=(app, ended))
    clock.start()
    time.sleep(0.5)
    assert clock.is_alive()
    redis.start()
    wait_until(lambda: queue("mail", redis.redis).count == 1)
    ended.set()
    clock.join(5)
    assert not clock.is_alive()


def test_whoever_asks_again_and_again_holds_one_line(app: Flask, redis: Queue) -> None:
    """A portal asks for years; a queue takes some lines only."""
    for number in range(8):
        assert enqueue_once(jobs.send_now, "an-id", job_id=f"now-{number}")
    assert len(redis.redis.client_list()) == 2  # with the one that looks
