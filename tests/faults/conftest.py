"""Servers and processes to be hurt, and the counts of what came of it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.cast import World
from tests.conftest import point_to
from tests.delivery.conftest import at_the_last_moment, house, mail_goes_to
from tests.delivery.processes import environment
from tests.faults.siege import SEED, Siege
from tests.faults.stage import Crew
from tests.faults.weather import RoughServer
from tests.redis_server import Queue, redis
from tests.smtp import MailServer

__all__ = ["at_the_last_moment", "house", "mail_goes_to", "redis"]


@pytest.fixture(scope="session")
def kills(pytestconfig: pytest.Config) -> int:
    """FAULT_KILLS; else 200 where the faults were asked for, 20 among all tests."""
    asked = "faults" in str(pytestconfig.option.markexpr)
    return int(os.environ.get("FAULT_KILLS") or (200 if asked else 20))


@pytest.fixture
def env(app: Flask, smtp: MailServer, redis: Queue) -> dict[str, str]:
    """The settings of the product's processes."""
    return environment(app, smtp) | {
        "PLATFORM_DOMAIN": app.config["PLATFORM_DOMAIN"],
        "MAIL_DOMAIN": app.config["MAIL_DOMAIN"],
        "REDIS_URL": redis.url,
    }


@pytest.fixture
def crew(env: dict[str, str], tmp_path: Path) -> Iterator[Crew]:
    """Ended, whatever the test came to."""
    made = Crew(env, tmp_path / "worker.log")
    yield made
    made.end(kindly=False)


@pytest.fixture
def rough() -> Iterator[RoughServer]:
    with RoughServer(seed=SEED) as server:
        yield server


@pytest.fixture
def siege(
    app: Flask,
    world: World,
    rough: RoughServer,
    crew: Crew,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Siege:
    """All in place, in bad weather."""
    point_to(app, rough, monkeypatch)
    crew.env["MAIL_PORT"] = str(rough.port)
    return Siege(app, world, rough, crew, crew.env, tmp_path)
