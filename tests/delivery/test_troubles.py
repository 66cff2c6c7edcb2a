"""An address that does not answer waits for itself, and for nobody else."""

from datetime import timedelta

from flask import Flask

from app.db import database_now, db
from app.delivery import troubles
from app.delivery.models import Trouble

ADDRESS = "in@tool.test"


def test_after_three_failures_in_a_row_it_is_left_alone(app: Flask) -> None:
    assert [troubles.failed(ADDRESS, "451 Busy") for _ in range(3)] == [
        False,
        False,
        True,
    ]
    trouble = troubles.waiting_for(ADDRESS)
    assert trouble is not None
    assert (trouble.failures, trouble.said) == (3, "451 Busy")
    assert timedelta(0) < trouble.retry_at - database_now() < timedelta(minutes=1.3)
    troubles.failed(ADDRESS, "451 Busy")
    trouble = troubles.waiting_for(ADDRESS)
    assert trouble is not None
    assert trouble.retry_at - trouble.since > timedelta(minutes=3.9)
    troubles.over(ADDRESS)
    assert troubles.waiting_for(ADDRESS) is None


def test_the_one_try_is_one_worker_s_only(app: Flask) -> None:
    for _ in range(3):
        troubles.failed(ADDRESS, "451 Busy")
    trouble = db.session.get_one(Trouble, ADDRESS)
    assert not troubles.take(trouble, database_now())
    later = database_now() + timedelta(minutes=2)
    assert troubles.take(trouble, later)
    assert not troubles.take(trouble, later)


def test_what_was_not_tried_for_a_day_is_forgotten(app: Flask) -> None:
    long_ago = database_now() - timedelta(days=2)
    db.session.add(Trouble(address="old@tool.test", failures=5, retry_at=long_ago))
    db.session.add(Trouble(address="new@tool.test", failures=5))
    db.session.commit()
    troubles.sweep()
    db.session.commit()
    assert list(troubles.everything()) == ["new@tool.test"]
