"""A database that was restarted between two requests costs nobody an error page."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from tests.cast import World, signed_in

END = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def from_outside(app: Flask) -> Callable[[str], None]:
    """Say something to the server on a line of its own; the pool is empty."""
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no lines that end")
    db.session.remove()
    db.engine.dispose()
    url = db.engine.url

    def say(words: str) -> None:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as line:
            line.exec_driver_sql(words)

    return say


def pid() -> int:
    found = db.session.scalar(sa.select(sa.func.pg_backend_pid()))
    db.session.commit()
    return int(found or 0)


def test_the_next_request_is_answered(
    app: Flask, world: World, from_outside: Callable[[str], None]
) -> None:
    ada = signed_in(app, world.alder.admin)
    db.session.commit()
    assert ada.get("/").status_code == 200
    for _ in range(2):
        from_outside(END)
        assert ada.get("/").status_code == 200


def test_all_lines_that_are_idle_are_left(
    app: Flask, from_outside: Callable[[str], None]
) -> None:
    lines = [db.engine.connect() for _ in range(4)]
    for line in lines:
        line.close()
    from_outside(END)
    for _ in range(4):
        lines.append(db.engine.connect())
        assert lines[-1].scalar(sa.text("SELECT 1")) == 1
    for line in lines:
        line.close()


def test_a_line_that_only_has_news_is_kept(
    app: Flask, from_outside: Callable[[str], None]
) -> None:
    db.session.execute(sa.text("LISTEN news"))
    before = pid()
    from_outside("NOTIFY news")
    assert pid() == before


def test_a_line_that_is_well_is_asked_nothing(
    app: Flask, from_outside: Callable[[str], None]
) -> None:
    """All that the server was asked on this line is what was asked of it here."""
    before = pid()
    asked = sa.text("SELECT query FROM pg_stat_activity WHERE pid = :pid")
    db.session.execute(sa.text("SELECT 'the last word'"))
    db.session.rollback()
    with db.engine.connect() as line:  # the same one
        engine = sa.create_engine(db.engine.url, poolclass=sa.NullPool)
        with engine.connect() as other:
            assert other.scalar(asked, {"pid": before}) == "ROLLBACK"
        assert line.scalar(sa.func.pg_backend_pid()) == before
