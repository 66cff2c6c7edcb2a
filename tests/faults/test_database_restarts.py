"""PostgreSQL is restarted as by a power cut, again and again, in the midst of it."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from _test import Postgres, postgres_programs, wait
from app import create_app
from app.db import db
from tests.conftest import settings
from tests.faults.counting import note
from tests.faults.siege import Siege
from tests.redis_server import needs_redis


def has_postgres() -> bool:
    try:
        return bool(postgres_programs())
    except FileNotFoundError:
        return False


pytestmark = [
    needs_redis,
    pytest.mark.faults,
    pytest.mark.skipif(not has_postgres(), reason="PostgreSQL's programs are absent"),
]


@pytest.fixture
def cluster() -> Iterator[Postgres]:
    """A PostgreSQL of the test's own, whose folder its user may enter."""
    home = Path(tempfile.mkdtemp(prefix="guichet-pg-"))
    log = Path(tempfile.mkdtemp(prefix="guichet-log-"))
    server = Postgres(home, log / "postgresql.log", durable=True)
    try:
        server.make()
        server.start()
        wait(server, server.is_ready)
        yield server
    finally:
        server.kill()
        shutil.rmtree(home)
        shutil.rmtree(log)


@pytest.fixture
def app(cluster: Postgres, tmp_path: Path) -> Iterator[Flask]:
    made = create_app(settings(cluster.url, tmp_path))
    with made.app_context():
        db.create_all()
        yield made
        db.session.remove()
        db.engine.dispose()


def restart(cluster: Postgres) -> None:
    """`pg_ctl restart -m immediate`: nothing is written down first."""
    assert cluster.process
    os.kill(cluster.process.pid, signal.SIGQUIT)
    cluster.process.wait(30)
    cluster.start()
    wait(cluster, cluster.is_ready)
    note("database restart", restarts=1)


def test_a_database_restarted_as_by_a_power_cut(
    siege: Siege, cluster: Postgres, kills: int
) -> None:
    with siege.of("database restart"):
        for _ in range(max(kills // 40, 2)):
            siege.crew.wait_for_one_at_work(siege.random)
            time.sleep(siege.random.uniform(0.2, 1.5))
            restart(cluster)
        siege.wait_for_messages(len(siege.smtp.messages) + 20)
