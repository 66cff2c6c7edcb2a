"""The worker and its clock in one process: `python worker.py`.

The clock asks for one run a slot, under an id that only one of any number of workers
can take. The queue only wakes: what is due is in the database, and any run finds it.
"""

import logging
import os
import signal
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from rq import Worker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

from app import create_app
from app.db import db
from app.delivery import jobs
from app.delivery.clock import slot_at
from app.mailroom.jobs import look
from app.queueing import TOLD_TO_END, connection, enqueue_once, queue

log = logging.getLogger("worker")
QUEUES = ("mail", "default", "ocr")  # in the order that it listens to them
LOOK_SECONDS = 1.0
PAUSE_SECONDS = 2.0


class GuichetWorker(Worker):
    """Each job has an application context of its own. Told to end, the child under way
    finishes its message and gives the others back."""

    app: Flask

    def _install_signal_handlers(self) -> None:
        """One that takes another's place, as after the queue was away, has been told
        what the other was told."""
        super()._install_signal_handlers()  # type: ignore[no-untyped-call]
        self._stop_requested = TOLD_TO_END in self.app.extensions

    def perform_job(self, *args: Any, **kwargs: Any) -> bool:
        with self.app.app_context():
            # The parent's connections are not the child's to use, nor to close.
            db.engine.dispose(close=False)
            return super().perform_job(*args, **kwargs)

    def setup_work_horse_signals(self) -> None:
        def stop(_number: int, _frame: Any) -> None:
            self.app.extensions[TOLD_TO_END] = True

        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, stop)

    def handle_warm_shutdown_request(self) -> None:
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        self.app.extensions[TOLD_TO_END] = True
        if self.horse_pid:
            with suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)


def keep_time(app: Flask, ended: threading.Event) -> None:
    """Ask for the run of each slot as it begins, and at once when started late; and for
    a look at the mail every minute."""
    with app.app_context():
        redis = connection()
    asked: datetime | None = None
    looked: datetime | None = None
    while not ended.is_set():
        slot = slot_at(datetime.now(UTC), app.config["TICK_MINUTES"])
        if slot != asked and ask_for(app, slot, redis) is not None:
            asked = slot  # else the queue is away: ask again in a moment
        minute = slot_at(datetime.now(UTC), 1)
        if minute != looked and ask_for_look(app, minute, redis) is not None:
            looked = minute
        ended.wait(LOOK_SECONDS)


def ask_for(app: Flask, slot: datetime, redis: Redis | None = None) -> bool | None:
    """Whether this clock was the first to ask; None when the queue does not answer."""
    with app.app_context():
        return enqueue_once(
            jobs.tick,
            slot.isoformat(),
            job_id=f"tick-{int(slot.timestamp())}",
            redis=redis,
        )


def ask_for_look(
    app: Flask, minute: datetime, redis: Redis | None = None
) -> bool | None:
    """As `ask_for`."""
    with app.app_context():
        return enqueue_once(
            look, job_id=f"look-{int(minute.timestamp())}", name="default", redis=redis
        )


def make_worker(app: Flask) -> GuichetWorker:
    """Intervals for which a job whose worker was killed is found within two minutes."""
    with app.app_context():
        redis = connection(patience=30)  # it waits for jobs
        queues = [queue(name, redis) for name in QUEUES]
    worker = GuichetWorker(
        queues,
        connection=redis,
        serializer=JSONSerializer,
        worker_ttl=30,
        job_monitoring_interval=5,
        maintenance_interval=10,
    )
    worker.app = app
    return worker


def work(app: Flask) -> None:
    """Until told to end. A queue that goes away is waited for."""
    pause, never = 0.0, threading.Event()
    while TOLD_TO_END not in app.extensions:
        try:
            # Here, since told to end it may ask the queue; and not by a sleep, which
            # a clock that is moved may refuse.
            never.wait(pause)
            pause = PAUSE_SECONDS
            make_worker(app).work(logging_level=app.config["LOG_LEVEL"])
        except (RedisError, OSError) as error:
            log.warning("the queue does not answer: %s", error)


def main() -> None:
    app = create_app()
    ended = threading.Event()
    clock = threading.Thread(target=keep_time, args=(app, ended), daemon=True)
    clock.start()
    with suppress(StopRequested):
        work(app)
    ended.set()
    clock.join(timeout=5)


if __name__ == "__main__":
    main()
