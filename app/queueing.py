"""Waking a worker: jobs leave after the commit, and losing one loses nothing.

The database is the only record. A job carries ids, never objects; when the queue is
down the next run of the automaton finds the work all the same.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Retry
from rq.exceptions import DuplicateJobError
from rq.job import JobStatus
from rq.serializers import JSONSerializer
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from app.db import db

log = logging.getLogger(__name__)
# A finished job's id stays taken for so long: «unique» only holds while the job lives.
KEPT_SECONDS = 24 * 3600
# Longer than the longest run: ten minutes and the end of one message. RQ's time-out
# could strike between the final dot and its answer.
JOB_SECONDS = 3600
OVER = {JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED}
OUTGOING = "guichet.outgoing"
TOLD_TO_END = "guichet.told-to-end"
CLIENTS = "guichet.redis"


@dataclass(frozen=True)
class Wanted:
    """A job to be queued; unique when it has an id (which may hold no colon)."""

    function: Callable[..., Any]
    args: tuple[str, ...]
    queue: str
    job_id: str | None
    is_urgent: bool = False  # somebody is looking: before all that waits
    again: bool = False  # its id is free once the job is over, whatever came of it


def connection(patience: float = 5) -> Redis:
    """To REDIS_URL; `rediss://` too. A queue that is silent for so many seconds does
    not answer: a person may be waiting for who asks.

    One for the process, which a fork may use as well: RQ keeps each client that ever
    queued a unique job, and with it an open line.
    """
    url: str = current_app.config["REDIS_URL"]
    known = current_app.extensions.setdefault(CLIENTS, {})
    client: Redis | None = known.get((url, patience))
    if client is None:
        client = known.setdefault(
            (url, patience),
            Redis.from_url(url, socket_connect_timeout=3, socket_timeout=patience),
        )
    return client


def is_told_to_end() -> bool:
    """Whether this process was: what a job has under way is then its last."""
    return TOLD_TO_END in current_app.extensions


def queue(name: str, redis: Redis | None = None) -> Queue:
    return Queue(name, connection=redis or connection(), serializer=JSONSerializer)


def enqueue(
    function: Callable[..., Any],
    *args: str,
    queue: str = "mail",
    job_id: str | None = None,
    is_urgent: bool = False,
    again: bool = False,
) -> None:
    """Queue the job once this transaction is committed; never if it is rolled back.
    `is_urgent`: before the others there. `again`: as in `enqueue_once`.

    A job asked for inside a savepoint that is rolled back still leaves: jobs for rows
    that are not there return quietly.
    """
    wanted = db.session.info.setdefault(OUTGOING, [])
    wanted.append(Wanted(function, args, queue, job_id, is_urgent, again))


def enqueue_once(
    function: Callable[..., Any],
    *args: str,
    job_id: str,
    name: str = "mail",
    redis: Redis | None = None,
    is_urgent: bool = False,
    again: bool = False,
) -> bool | None:
    """Queue the job unless one of that id lives. True: queued; False: there was one;
    None: the queue does not answer (logged; whoever asked says so).

    One that is over holds its id for a day, so that what is asked for by a time is done
    once. `again`: it does not, for it may have ended with its work undone.
    """
    return _send(Wanted(function, args, name, job_id, is_urgent, again), redis)


def _send(wanted: Wanted, redis: Redis | None = None) -> bool | None:
    try:
        into = queue(wanted.queue, redis)
        if _is_put(wanted, into):
            return True
        return wanted.again and _is_forgotten(wanted, into) and _is_put(wanted, into)
    except (RedisError, OSError) as error:
        log.warning("the queue does not answer, the next run will do: %s", error)
        return None


def _is_put(wanted: Wanted, into: Queue) -> bool:
    try:
        into.enqueue(
            wanted.function,
            *wanted.args,
            job_id=wanted.job_id,
            unique=wanted.job_id is not None,
            at_front=wanted.is_urgent,
            result_ttl=KEPT_SECONDS,
            failure_ttl=KEPT_SECONDS,
            job_timeout=JOB_SECONDS,
            # For one whose worker was killed: found abandoned, it runs again.
            retry=Retry(max=2),
        )
    except DuplicateJobError:
        return False
    return True


def _is_forgotten(wanted: Wanted, where: Queue) -> bool:
    """The job of that id, unless it waits or runs."""
    job = where.fetch_job(wanted.job_id or "")
    if job is not None and job.get_status() not in OVER:
        return False
    if job is not None:
        job.delete()
    return True


@event.listens_for(db.session, "after_commit")
def _release(session: Session) -> None:
    if not session.in_nested_transaction():  # a savepoint's end is no commit
        for wanted in session.info.pop(OUTGOING, []):
            if _send(wanted) is None:
                return  # nor would it answer for the others: a person is waiting


@event.listens_for(db.session, "after_soft_rollback")
def _forget(session: Session, previous: SessionTransaction) -> None:
    if not previous.nested:
        session.info.pop(OUTGOING, None)
