"""Several runs at once, in threads and in processes, some of them killed."""

import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.connectors import switches
from app.db import db
from app.delivery import reaping, tick
from app.delivery.claiming import claim
from app.delivery.models import Delivery
from tests.cast import House
from tests.delivery.processes import ONE_RUN, environment, start
from tests.delivery.world import let_time_pass
from tests.files import body_for
from tests.smtp import MailServer

pytestmark = pytest.mark.faults

MANY = 100_000


def drop(house: House, count: int, content: bytes | None = None) -> None:
    for number in range(count):
        house.drop(f"{number:02}.pdf", content=content)


def states() -> Counter[str]:
    found = Counter(db.session.scalars(sa.select(Delivery.state)))
    db.session.commit()
    return found


def copies(smtp: MailServer) -> Counter[int]:
    """How many messages arrived how many times."""
    return Counter(Counter(smtp.ids()).values())


@pytest.fixture
def runs(app: Flask, smtp: MailServer, tmp_path: Path) -> list[subprocess.Popen[bytes]]:
    """Two processes on the way to their run; `wait` for them."""
    env = environment(app, smtp)
    log = tmp_path / "run.log"
    return [start("-c", ONE_RUN, env=env, log=log) for _ in range(2)]


def test_two_threads_send_nothing_twice(
    app: Flask, house: House, smtp: MailServer
) -> None:
    drop(house, 45)
    smtp.fails("dot", wait=0.01, times=99)
    together = threading.Barrier(3)

    def run() -> None:
        with app.app_context():
            together.wait()
            tick.run()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert states() == {"accepted": 45}
    assert copies(smtp) == {1: 45}
    assert smtp.connections > 1


def test_two_processes_send_nothing_twice(
    house: House, smtp: MailServer, runs: list[subprocess.Popen[bytes]]
) -> None:
    drop(house, 40)
    smtp.fails("dot", wait=0.05, times=99)
    assert [run.wait(30) for run in runs] == [0, 0]
    tick.run()  # what was dropped after the first had looked
    assert states() == {"accepted": 40}
    assert copies(smtp) == {1: 40}


@pytest.mark.parametrize(
    ("phase", "state", "counted"),
    [
        ("connect", "sending", {1: 5}),
        ("rcpt", "sending", {1: 5}),
        ("body", "sending", {1: 5}),
        ("dot", "in_doubt", {1: 5}),
        ("ack", "in_doubt", {1: 4, 2: 1}),
    ],
)
def test_b86_a_run_killed_in_the_middle_loses_nothing(
    app: Flask,
    house: House,
    smtp: MailServer,
    tmp_path: Path,
    phase: str,
    state: str,
    counted: dict[int, int],
) -> None:
    drop(house, 5, body_for(phase))
    killed: list[subprocess.Popen[bytes]] = []
    smtp.fails(phase, call=lambda: os.kill(killed[0].pid, signal.SIGKILL), cut=True)
    log = tmp_path / "run.log"
    killed.append(start("-c", ONE_RUN, env=environment(app, smtp), log=log))
    assert killed[0].wait(30) == -signal.SIGKILL
    assert states()[state] == (1 if state == "in_doubt" else 5)
    for _ in range(3):
        let_time_pass(60)
        tick.run()
    assert states() == {"accepted": 5}
    assert copies(smtp) == counted


def test_a_run_for_one_company_leaves_the_others_alone(
    house: House, smtp: MailServer
) -> None:
    elm = house.connect(company=house.elm)
    folder = house.folder(company=house.elm)
    switches.set_switch(folder, elm, "purchases", "on", by=None)
    db.session.commit()
    house.drop("a.pdf")
    house.drop("b.pdf", company=house.elm)
    assert tick.run(company_id=house.elm.id)["accepted"] == 1
    assert [mail.file_name for mail in smtp.messages] == ["b.pdf"]


def test_a_claim_reads_only_what_is_due_among_many(
    app: Flask, house: House, smtp: MailServer
) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("PostgreSQL's planner is meant")
    done = house.drop()
    tick.run()
    drop(house, 3)
    settle_many(done.deliveries[0])
    plan = plan_of("row_number", lambda: claim("me"))
    assert "ix_deliveries_due" in plan or "ix_deliveries_open" in plan, plan
    assert "Seq Scan on deliveries" not in plan, plan
    plan = plan_of("lease_until <", reaping.reap)
    # Which of the small indexes it takes depends on what it knows of them by then.
    assert "ix_deliveries_leased" in plan or "ix_deliveries_open" in plan, plan
    assert "Seq Scan on deliveries" not in plan, plan


def plan_of(part: str, act: Callable[[], object]) -> str:
    """How the server goes about the act's statement that has this part."""
    said: list[tuple[str, Any]] = []

    def listen(_c: object, _d: object, statement: str, given: Any, *_: object) -> None:
        if part in statement:
            said.append((statement, given))

    sa.event.listen(db.engine, "before_cursor_execute", listen)
    act()
    sa.event.remove(db.engine, "before_cursor_execute", listen)
    statement, given = said[0]
    with db.engine.connect() as connection:
        lines = connection.exec_driver_sql(f"EXPLAIN {statement}", given)
        return "\n".join(lines.scalars())


def settle_many(like: Delivery) -> None:
    """A hundred thousand deliveries that were accepted, made from one."""
    own = {"id": "gen_random_uuid()", "retry_of_id": "id", "message_id": "random()"}
    names = [column.name for column in Delivery.__table__.columns]
    with db.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.execute(
            sa.text(
                f"INSERT INTO deliveries ({', '.join(names)})"  # noqa: S608 - our own
                f" SELECT {', '.join(own.get(name, name) for name in names)}"
                " FROM deliveries, generate_series(1, :many) WHERE id = :id"
            ),
            {"many": MANY, "id": like.id},
        )
    with db.engine.connect().execution_options(
        isolation_level="AUTOCOMMIT"
    ) as connection:
        connection.exec_driver_sql("ANALYZE deliveries")
