"""The Nth command to the queue fails, and all that follow, for every N: the clock asks
again, the worker begins anew, and what is due leaves once."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from redis.exceptions import RedisError
from rq import SimpleWorker

import worker
from app.queueing import queue
from tests.faults import nth
from tests.faults.invariants import broken
from tests.faults.nth import Count
from tests.faults.portal import both_times, few, forget, impatient, portal
from tests.faults.stage import make_due
from tests.faults.test_nth_call import (
    at_once,
    delivery_of,
    drop,
    numbers,
    places_with_switches,
)
from tests.redis_server import Queue, needs_redis
from tests.smtp import MailServer

__all__ = ["at_once", "few", "impatient", "numbers", "portal"]
pytestmark = [needs_redis, pytest.mark.faults]
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
