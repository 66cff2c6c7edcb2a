"""Servers and processes to be hurt, and the counts of what came of it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.delivery.conftest import at_the_last_moment, house, mail_goes_to
from tests.delivery.processes import environment
from tests.faults import counting
from tests.faults.stage import Crew
from tests.redis_server import Queue, redis
from tests.smtp import MailServer

__all__ = ["at_the_last_moment", "house", "mail_goes_to", "redis"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = list(counting.table())
    if lines:
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def kills(pytestconfig: pytest.Config) -> int:
    """FAULT_KILLS; else 200 where the faults were asked for, 40 among all tests."""
    asked = "faults" in str(pytestconfig.option.markexpr)
    return int(os.environ.get("FAULT_KILLS") or (200 if asked else 40))


@pytest.fixture
def env(app: Flask, smtp: MailServer) -> dict[str, str]:
    """The settings of the product's processes: the queue is asked for when started."""
    return environment(app, smtp) | {
        "PLATFORM_DOMAIN": app.config["PLATFORM_DOMAIN"],
        "MAIL_DOMAIN": app.config["MAIL_DOMAIN"],
    }


@pytest.fixture
def crew(redis: Queue, env: dict[str, str], tmp_path: Path) -> Iterator[Crew]:
    """Ended, whatever the test came to."""
    made = Crew(env | {"REDIS_URL": redis.url}, tmp_path / "worker.log")
    yield made
    made.end()
