"""Waking a worker: jobs leave after the commit, and losing one loses nothing.

The database is the only record. A job carries ids, never objects; when the queue is
down the next run of the automaton finds the work all the same.
"""

import logging
from collections.abc import Callable
from typing import Any

from flask import current_app
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer

log = logging.getLogger(__name__)
KEPT_SECONDS = 3600  # a finished job's id stays taken: unique only holds while it lives


def connection() -> Redis:
    return Redis.from_url(
        current_app.config["REDIS_URL"], socket_connect_timeout=3, socket_timeout=30
    )


def queue(name: str, redis: Redis | None = None) -> Queue:
    return Queue(name, connection=redis or connection(), serializer=JSONSerializer)


def enqueue_once(
    function: Callable[..., Any],
    *args: str,
    job_id: str,
    name: str = "mail",
    redis: Redis | None = None,
) -> bool | None:
    """Queue the job unless one of that id lives. True: queued; False: there was one;
    None: the queue does not answer (logged; whoever asked says so)."""
    try:
        queue(name, redis).enqueue(
            function,
            *args,
            job_id=job_id,
            unique=True,
            result_ttl=KEPT_SECONDS,
            failure_ttl=KEPT_SECONDS,
            job_timeout=900,
        )
    except DuplicateJobError:
        return False
    except (RedisError, OSError):
        log.exception("the queue does not answer: %s waits for the next run", job_id)
        return None
    return True
