"""The line on which a run writes for every message."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import Interval, bindparam, literal, select

from app.db import UtcDateTime, db
from app.delivery.ledger import Ledger, spoken
from tests.conftest import POSTGRES

pytestmark = pytest.mark.skipif(not POSTGRES, reason="SQLite has no use for it")
ONE = select(literal(1))


@pytest.fixture
def ledger(app: Flask) -> Iterator[Ledger]:
    db.engine.dispose()  # the line that goes back is the only one there
    ledger = Ledger()
    yield ledger
    ledger.close()


def ask(ledger: Ledger, statement: sa.Select[Any], **values: object) -> int:
    ledger.ask(statement, values)
    return ledger.answer()


def server(ledger: Ledger) -> Any:
    assert ledger.line is not None
    driver: Any = ledger.line.connection.driver_connection
    return driver.pgconn


@pytest.mark.parametrize(
    ("of_type", "value"),
    [
        (sa.Uuid(), uuid.uuid4()),
        (sa.Integer(), -7),
        (sa.Text(), "l’été, «à 5 %»: \\ ' \" $1"),
        (sa.Boolean(), False),
        (UtcDateTime(), datetime(2026, 3, 29, 1, 30, 0, 123456, UTC)),
        (Interval(), timedelta(hours=1, seconds=2.5)),
    ],
)
def test_a_value_comes_there_as_by_sqlalchemy(
    ledger: Ledger, of_type: Any, value: object
) -> None:
    given = bindparam("given", None, type_=of_type)
    said = literal(value, of_type)
    assert ask(ledger, select(given).where(given == said), given=value) == 1
    assert ask(ledger, select(given).where(given.is_(None)), given=None) == 1


def test_details_come_there_as_they_are(ledger: Ledger) -> None:
    given = bindparam("given", None, type_=sa.JSON())
    name = sa.cast(given, sa.JSON)["nom"].as_string()
    details = {"nom": "Établissements «Müller»", "n": 3}
    assert ask(ledger, select(given).where(name == details["nom"]), given=details) == 1


def test_one_line_is_kept_and_another_opened_when_it_was_cut(ledger: Ledger) -> None:
    ask(ledger, ONE)
    first = server(ledger).backend_pid
    ask(ledger, ONE)
    assert server(ledger).backend_pid == first
    with db.engine.connect() as other:
        other.execute(select(sa.func.pg_terminate_backend(first, 5000)))
    assert ask(ledger, ONE) == 1
    assert server(ledger).backend_pid != first


def test_a_fault_is_told_as_the_driver_tells_it_and_the_next_one_is_asked(
    ledger: Ledger,
) -> None:
    given = bindparam("given", None, type_=sa.Integer())
    with pytest.raises(psycopg.errors.DivisionByZero):
        ask(ledger, select(literal(1) / given), given=0)
    assert ask(ledger, ONE) == 1
    with pytest.raises(psycopg.errors.UndefinedTable):
        ask(ledger, select(sa.column("a")).select_from(sa.table("nowhere")))
    assert ask(ledger, ONE) == 1


def test_what_was_asked_is_answered_before_something_else_is(ledger: Ledger) -> None:
    ledger.ask(ONE, {})
    with pytest.raises(RuntimeError, match="listened"):
        ledger.ask(ONE, {})
    assert ledger.answer() == 1


def test_a_line_that_waits_for_an_answer_does_not_go_back_to_the_others(
    ledger: Ledger,
) -> None:
    ledger.ask(select(sa.func.pg_sleep(0.2)), {})
    pid = server(ledger).backend_pid
    ledger.close()
    with db.engine.connect() as other:
        assert other.scalar(select(sa.func.pg_backend_pid())) != pid


def test_a_line_goes_back_as_it_came(ledger: Ledger) -> None:
    ask(ledger, ONE)
    pid = server(ledger).backend_pid
    ledger.close()
    with db.engine.connect() as other:
        assert other.scalar(select(sa.func.pg_backend_pid())) == pid
        other.execute(sa.text("CREATE TEMPORARY TABLE seen (id int)"))
        other.rollback()
        assert other.scalar(sa.text("SELECT to_regclass('seen')")) is None


def test_a_plan_is_made_once_and_kept_by_its_line(ledger: Ledger) -> None:
    for _ in range(3):
        ask(ledger, ONE)
    ledger.close()
    ask(ledger, ONE)
    plans = "SELECT count(*) FROM pg_prepared_statements WHERE name = :name"
    assert ledger.line is not None
    name = spoken(ONE).plan.decode()
    assert ledger.line.scalar(sa.text(plans), {"name": name}) == 1


def test_a_pooler_that_keeps_no_plans_is_done_without(ledger: Ledger) -> None:
    """Through one, a kept plan is one that the server has never heard of."""
    assert ask(ledger, ONE) == 1
    server(ledger).exec_(b"DEALLOCATE ALL")
    assert ask(ledger, ONE) == 1
    assert not ledger.keeps_plans


def test_a_plan_of_that_name_that_is_not_ours_is_done_without(ledger: Ledger) -> None:
    """A pooler led us to a server that another process had prepared."""
    assert ask(ledger, ONE) == 1
    assert ledger.line is not None
    del ledger.line.info["plans"]
    assert ask(ledger, ONE) == 1
    assert not ledger.keeps_plans
