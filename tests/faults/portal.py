"""The portal as in production on a queue of the test's own, for faults of the queue."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete

from app import create_app
from app.connectors.models import TestMail
from app.db import db
from app.extensions import limiter
from config import from_environment
from tests.conftest import point_to, settings
from tests.faults.test_nth_call import every
from tests.redis_server import Queue
from tests.smtp import MailServer

both_times = pytest.mark.parametrize("is_late", [False, True], ids=["early", "late"])


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a client waits before it tries again proves nothing."""
    monkeypatch.setattr("redis.retry.sleep", lambda _seconds: None)


@pytest.fixture
def few(pytestconfig: pytest.Config) -> Iterator[int]:
    """As `numbers`, of what has few commands."""
    return every(pytestconfig, 3)


@pytest.fixture
def portal(
    app: Flask,
    redis: Queue,
    smtp: MailServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Flask]:
    """As in production: tries to sign in are counted in the same Redis, and a fault
    that nobody catches becomes a page."""
    before = dict(vars(limiter))
    of_the_queue = {
        name: value
        for name, value in from_environment(
            {"GUICHET_ENV": "test", "REDIS_URL": redis.url}
        ).items()
        if name.startswith(("REDIS", "RATELIMIT"))
    }
    of_tests = settings(app.config["SQLALCHEMY_DATABASE_URI"], tmp_path)
    of_tests |= {"STORAGE_URL": app.config["STORAGE_URL"]}
    made = create_app(of_tests | of_the_queue | {"PROPAGATE_EXCEPTIONS": False})
    point_to(made, smtp, monkeypatch)
    yield made
    with made.app_context():
        db.engine.dispose()
    vars(limiter).clear()
    vars(limiter).update(before)


def forget(redis: Queue) -> None:
    """As if the last one had never been: of all that is once a minute, too."""
    redis.redis.flushall()
    vars(limiter)["_storage_dead"] = False
    db.session.execute(delete(TestMail))
    db.session.commit()
