"""Jobs leave after the commit, or not at all; without the queue nothing is lost."""

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from rq.job import JobStatus

from app import queueing
from app.archives.making import make
from app.db import db
from app.delivery import jobs
from app.firms.models import Firm
from tests.cast import World
from tests.conftest import redis_url


@pytest.fixture
def sent(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[queueing.Wanted]:
    """What was given to the queue."""
    gone: list[queueing.Wanted] = []
    monkeypatch.setattr(queueing, "_send", lambda wanted: gone.append(wanted))
    return gone


def write() -> None:
    db.session.add(Firm(slug=f"f{os.urandom(4).hex()}", name="F"))
    db.session.flush()


def test_a_job_leaves_after_the_commit(sent: list[Any]) -> None:
    write()
    queueing.enqueue(jobs.send_now, "an-id")
    assert sent == []
    db.session.commit()
    assert sent == [queueing.Wanted(jobs.send_now, ("an-id",), "mail", None)]
    db.session.commit()
    assert len(sent) == 1


def test_a_commit_without_any_statement_sends_it_too(sent: list[Any]) -> None:
    queueing.enqueue(jobs.send_now, "an-id")
    db.session.commit()
    assert len(sent) == 1


def test_a_rollback_forgets_it(sent: list[Any]) -> None:
    write()
    queueing.enqueue(jobs.send_now, "an-id")
    db.session.rollback()
    db.session.commit()
    assert sent == []


def test_a_savepoint_neither_sends_nor_forgets(sent: list[Any]) -> None:
    write()
    queueing.enqueue(jobs.send_now, "before")
    with db.session.begin_nested():
        write()
    assert sent == []
    savepoint = db.session.begin_nested()
    write()
    savepoint.rollback()
    assert sent == []
    db.session.commit()
    assert [wanted.args for wanted in sent] == [("before",)]


def test_a_queue_that_is_away_is_told_and_does_no_harm(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "REDIS_URL", "redis://127.0.0.1:1/0")
    write()
    queueing.enqueue(jobs.send_now, "an-id")
    db.session.commit()
    assert queueing.enqueue_once(jobs.send_now, "an-id", job_id="now-1") is None


@pytest.fixture
def redis(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    """A part of the tests' Redis, emptied."""
    if not (address := redis_url("queueing")):
        pytest.skip("bin/test starts Redis")
    monkeypatch.setitem(app.config, "REDIS_URL", address)
    with Redis.from_url(address) as there:
        there.flushdb()
        yield there
        there.flushdb()


def test_a_job_of_one_id_is_queued_once(redis: Redis) -> None:
    asked = [
        queueing.enqueue_once(jobs.send_now, "an-id", job_id="now-1") for _ in range(3)
    ]
    assert asked == [True, False, False]
    assert queueing.queue("mail").job_ids == ["now-1"]


@pytest.mark.parametrize("became", [JobStatus.FINISHED, JobStatus.FAILED])
def test_work_that_was_left_undone_is_asked_for_by_the_same_name_again(
    redis: Redis, became: JobStatus
) -> None:
    """Its job ended, since the store was away or the worker told to end."""

    def ask() -> bool | None:
        of = "01900000-0000-7000-8000-000000000000"
        return queueing.enqueue_once(make, of, job_id="archive-1", again=True)

    assert [ask(), ask()] == [True, False]
    (job,) = queueing.queue("mail").jobs
    job.set_status(JobStatus.STARTED)
    queueing.queue("mail").remove(job)
    assert ask() is False  # it is at it
    job.set_status(became)
    assert [ask(), ask()] == [True, False]
    assert queueing.queue("mail").job_ids == ["archive-1"]


def test_a_run_that_is_over_is_not_called_under_way(redis: Redis) -> None:
    """What was dropped since, within the same minute, is sent when a person says so."""
    company_id = uuid.uuid4()
    assert [jobs.ask_now(company_id), jobs.ask_now(company_id)] == [True, False]
    (job,) = queueing.queue("mail").jobs
    queueing.queue("mail").remove(job)
    job.set_status(JobStatus.FINISHED)
    assert jobs.ask_now(company_id) is True


def test_jobs_hold_plain_texts_only(redis: Redis) -> None:
    queueing.enqueue(jobs.send_now, "an-id")
    db.session.commit()
    (job,) = queueing.queue("mail").jobs
    assert job.func_name == "app.delivery.jobs.send_now"
    assert job.args == ["an-id"]


def test_the_text_of_a_document_is_read_before_pictures_are_made(
    world: World, sent: list[queueing.Wanted]
) -> None:
    """It is short, and who deposited hundreds of files may look for one of them."""
    world.alder.drop("a.pdf")
    [reading] = [one for one in sent if one.function.__name__ == "read_text"]
    assert reading.is_urgent
    others = [one for one in sent if one.queue == reading.queue and one != reading]
    assert not any(one.is_urgent for one in others)
