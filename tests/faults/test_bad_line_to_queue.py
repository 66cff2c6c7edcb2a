"""A bad line to the queue: asking fails and says so; what is due leaves anyway."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app.delivery import jobs
from app.queueing import enqueue_once
from tests.cast import House
from tests.delivery.processes import wait_until
from tests.delivery.world import state_of
from tests.faults.counting import note, note_outcome
from tests.faults.invariants import broken
from tests.faults.proxy import Proxy, Way
from tests.faults.stage import Crew, settle
from tests.redis_server import Queue, needs_redis
from tests.smtp import MailServer

pytestmark = [needs_redis, pytest.mark.faults]


@pytest.fixture
def to_queue(
    app: Flask, redis: Queue, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Proxy]:
    """The application reaches its queue through it."""
    with Proxy(("127.0.0.1", redis.port)) as proxy:
        monkeypatch.setitem(
            app.config, "REDIS_URL", f"redis://127.0.0.1:{proxy.port}/0"
        )
        yield proxy


def refuse(proxy: Proxy) -> None:
    proxy.is_refusing = True
    proxy.cut()  # the line that is there already


def cut_the_question(proxy: Proxy) -> None:
    proxy.up = Way(cut_after=0)


def cut_the_answer(proxy: Proxy) -> None:
    proxy.down = Way(cut_after=0)


def fall_silent(proxy: Proxy) -> None:
    proxy.down = Way(is_hole=True)


@pytest.mark.parametrize("fault", [refuse, fall_silent])
def test_asking_says_that_the_queue_does_not_answer(
    house: House, to_queue: Proxy, smtp: MailServer, fault: Callable[[Proxy], None]
) -> None:
    done = house.drop()
    fault(to_queue)
    asked = enqueue_once(jobs.send_now, str(house.dune.id), job_id="now-1")
    assert asked is None
    settle()
    assert state_of(done) == ("accepted", None)


@pytest.mark.parametrize("fault", [cut_the_question, cut_the_answer])
def test_asking_over_a_line_that_is_cut_asks_once(
    house: House, to_queue: Proxy, redis: Queue, fault: Callable[[Proxy], None]
) -> None:
    """The line is renewed by itself; or it says that it does not know."""
    fault(to_queue)
    enqueue_once(jobs.send_now, str(house.dune.id), job_id="now-1")
    assert redis.redis.llen("rq:queue:mail") <= 1


def test_a_worker_whose_line_to_the_queue_is_cut_again_and_again(
    house: House, crew: Crew, to_queue: Proxy, smtp: MailServer
) -> None:
    smtp.fails("dot", wait=0.05, times=999)
    drops = [house.drop(f"{n}.pdf") for n in range(30)]
    crew.start(REDIS_URL=f"redis://127.0.0.1:{to_queue.port}/0")
    for number in range(5):
        wait_until(lambda number=number: len(smtp.messages) >= 4 * number)  # type: ignore[misc]
        to_queue.cut()
        (to_queue.up if number % 2 else to_queue.down).delay = 0.05
    wait_until(lambda: {state_of(done)[0] for done in drops} == {"accepted"})
    worker = crew.workers[0]
    assert worker.poll() is None
    # It still takes what is asked.
    to_queue.heal()
    last = house.drop("last.pdf")
    company = str(house.dune.id)
    wait_until(lambda: enqueue_once(jobs.send_now, company, job_id="x") is not None)
    wait_until(lambda: state_of(last)[0] == "accepted")
    note("queue line cut", faults=6)
    note_outcome("queue line cut", smtp.messages)
    assert broken(smtp.messages, at_rest=True) == []
