"""An application on a real database, emptied for each test, and the people in it.

PostgreSQL when `bin/test` says where (TEST_POSTGRES_URL), else a SQLite file.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings as settings_of_hypothesis

from app import create_app
from app.db import Base, db
from app.extensions import limiter
from config import from_environment
from tests.cast import World, make_world
from tests.smtp import MailServer, smtp

__all__ = ["smtp"]
pytest_plugins = ["tests.faults.counting"]

os.environ["GUICHET_ENV"] = "test"
# How fast a machine is proves nothing about the product.
settings_of_hypothesis.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings_of_hypothesis.load_profile("untimed")
POSTGRES = os.environ.get("TEST_POSTGRES_URL")
REDIS = os.environ.get("TEST_REDIS_URL")
# Which of the tests' processes this is: each has a database and queues of its own.
PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
QUEUES = ("app", "queueing", "house")


def redis_url(queue: str) -> str | None:
    """The number in the tests' Redis that belongs to this process and use alone."""
    if REDIS is None:
        return None
    number = PROCESS * len(QUEUES) + QUEUES.index(queue)
    return urlsplit(REDIS)._replace(path=f"/{number}").geturl()


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not POSTGRES:
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'guichet.db'}"
        return
    with fresh_postgres() as url:
        yield url


class fresh_postgres:  # noqa: N801 - used as a function
    """A database of its own on the test server, dropped at the end."""

    def __enter__(self) -> str:
        assert POSTGRES
        self.name = f"guichet_{uuid4().hex[:12]}"
        self.server = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
        with self.server.connect() as connection:
            connection.execute(sa.text(f'CREATE DATABASE "{self.name}"'))
        url = sa.make_url(POSTGRES).set(database=self.name)
        return url.render_as_string(hide_password=False)

    def __exit__(self, *_error: object) -> None:
        with self.server.connect() as connection:
            connection.execute(sa.text(f'DROP DATABASE "{self.name}" WITH (FORCE)'))
        self.server.dispose()


def settings(database_url: str, folder: Path) -> dict[str, Any]:
    return {
        "ENVIRONMENT": "test",
        "TESTING": True,
        "PROPAGATE_EXCEPTIONS": True,
        "SECRET_KEY": "for tests only",
        "SESSION_COOKIE_SECURE": False,
        "SESSION_COOKIE_NAME": "sid",
        "SQLALCHEMY_DATABASE_URI": database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": from_environment(
            {"GUICHET_ENV": "test", "DATABASE_URL": database_url}
        )["SQLALCHEMY_ENGINE_OPTIONS"],
        "REDIS_URL": redis_url("app") or "redis://127.0.0.1:1/0",
        "STORAGE_URL": f"file://{folder}/files",
        "PLATFORM_DOMAIN": "guichet.test",
        "MAIL_DOMAIN": "mail.guichet.test",
        "RATELIMIT_STORAGE_URI": "memory://",
        "DNS_SERVERS": None,  # no test asks the net
    }


@pytest.fixture(scope="session")
def whole_app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    app = create_app(settings(database_url, tmp_path_factory.mktemp("app")))
    with app.app_context():
        db.create_all()
    return app


@pytest.fixture
def app(whole_app: Flask) -> Iterator[Flask]:
    """The application with an empty database and an open application context."""
    whole_app.extensions.pop("guichet.hosts", None)
    limiter.reset()
    with whole_app.app_context():
        _empty()
        yield whole_app
        db.session.remove()


def _empty() -> None:
    """Row by row: for a few rows that is far quicker than TRUNCATE."""
    names = [table.name for table in reversed(Base.metadata.sorted_tables)]
    deletes = [f'DELETE FROM "{name}"' for name in names]  # noqa: S608 - ours
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            # Without looking at references: everything goes; all at once.
            here = "SET LOCAL session_replication_role = replica"
            connection.exec_driver_sql("; ".join([here, *deletes]))
        else:
            for delete in deletes:
                connection.exec_driver_sql(delete)


@pytest.fixture
def world(app: Flask) -> World:
    """Two firms with twin data: nothing of one may show at the other."""
    return make_world()


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def post(app: Flask, smtp: MailServer, monkeypatch: pytest.MonkeyPatch) -> MailServer:
    """The application sends to the server of the test, and is not very patient."""
    point_to(app, smtp, monkeypatch)
    return smtp


def point_to(app: Flask, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = app.extensions["mail"]
    monkeypatch.setattr(settings, "server", "127.0.0.1")
    monkeypatch.setattr(settings, "port", server.port)
    monkeypatch.setitem(app.config, "MAIL_TIMEOUT", 2)
