"""The worker and its clock in one process: `python worker.py`.

The clock asks for one run a slot, under an id that only one of any number of workers
can take. The queue only wakes: what is due is in the database, and any run finds it.
"""

import logging
import signal
import threading
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from redis import Redis
from rq import Worker
from rq.serializers import JSONSerializer

from app import create_app
from app.db import db
from app.delivery import jobs
from app.delivery.clock import slot_at
from app.queueing import connection, enqueue_once, queue

log = logging.getLogger("worker")
QUEUES = ("mail", "default")
LOOK_SECONDS = 1.0


class ForkedWorker(Worker):
    """Its child finishes the message under way when the whole group is told to end."""

    app: Flask

    def setup_work_horse_signals(self) -> None:
        def stop(_number: int, _frame: Any) -> None:
            self.app.extensions["guichet.stopping"] = True

        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, stop)

    def main_work_horse(self, *args: Any, **kwargs: Any) -> Any:
        # The parent's connections are not the child's to use.
        db.engine.dispose(close=False)
        return super().main_work_horse(*args, **kwargs)


def keep_time(app: Flask, redis: Redis, ended: threading.Event) -> None:
    """Ask for the run of each slot as it begins, and at once when started late."""
    minutes = app.config["TICK_MINUTES"]
    asked: datetime | None = None
    while not ended.is_set():
        slot = slot_at(datetime.now(UTC), minutes)
        if slot != asked:
            with app.app_context():
                answer = enqueue_once(
                    jobs.tick,
                    slot.isoformat(),
                    job_id=f"tick-{int(slot.timestamp())}",
                    redis=redis,
                )
            if answer is not None:  # None: the queue is away, ask again in a moment
                asked = slot
        ended.wait(LOOK_SECONDS)


def main() -> None:
    app = create_app()
    ended = threading.Event()
    with app.app_context():
        redis = connection()
        clock = threading.Thread(
            target=keep_time, args=(app, connection(), ended), daemon=True
        )
        clock.start()
        worker = ForkedWorker(
            [queue(name, redis) for name in QUEUES],
            connection=redis,
            serializer=JSONSerializer,
            worker_ttl=30,
            job_monitoring_interval=5,
            maintenance_interval=60,
        )
        worker.app = app
        try:
            worker.work(with_scheduler=False)
        finally:
            ended.set()
            clock.join(timeout=5)


if __name__ == "__main__":
    main()
