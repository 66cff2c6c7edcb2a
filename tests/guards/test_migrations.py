"""The migrations make the tables that the models describe, on both databases, and lose
nothing of what is in them."""

import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade

from app import create_app
from app.db import Base, db
from tests.conftest import POSTGRES, fresh_postgres, settings

# Indexes on expressions, which Alembic cannot compare; each is asked for by a test of
# the plan that it is for: tests/library/test_ordering.py.
ON_EXPRESSIONS = {"ix_documents_by_name"}
MIGRATIONS = str(Path(__file__).parents[2] / "migrations")


def differences(url: str, folder: Path) -> list[object]:
    app = create_app(settings(url, folder))
    with app.app_context():
        upgrade(MIGRATIONS)
        with db.engine.connect() as connection:
            opts = {"include_object": _is_compared}
            context = MigrationContext.configure(connection, opts=opts)
            found = list(compare_metadata(context, Base.metadata))
        db.session.remove()
        downgrade(MIGRATIONS, revision="base")
        names = sa.inspect(db.engine).get_table_names()
        db.engine.dispose()
    assert set(names) <= {"alembic_version"}
    return found


def _is_compared(_object: object, name: str, *_more: object) -> bool:
    return name not in ON_EXPRESSIONS


def test_they_agree_with_the_models_on_sqlite(tmp_path: Path) -> None:
    assert differences(f"sqlite:///{tmp_path}/m.db", tmp_path) == []


@pytest.mark.skipif(not POSTGRES, reason="bin/test starts PostgreSQL")
def test_they_agree_with_the_models_on_postgresql(tmp_path: Path) -> None:
    with fresh_postgres() as url:
        assert differences(url, tmp_path) == []
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def old_house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """With the tables of 0003, and a row in each."""
    if request.param == "sqlite":
        yield from _with_rows(f"sqlite:///{tmp_path}/m.db", tmp_path)
        return
    if not POSTGRES:
        pytest.skip("bin/test starts PostgreSQL")
    with fresh_postgres() as url:
        yield from _with_rows(url, tmp_path)


def _with_rows(url: str, folder: Path) -> Iterator[Flask]:
    app = create_app(settings(url, folder))
    with app.app_context():
        upgrade(MIGRATIONS, revision="0003")
        tables = sa.MetaData()
        tables.reflect(db.engine)
        rows: dict[str, dict[str, Any]] = {}
        with db.engine.begin() as connection:
            for table in tables.sorted_tables:
                if table.name != "alembic_version":
                    rows[table.name] = row = _row(table, rows)
                    connection.execute(table.insert().values(row))
        yield app
        db.engine.dispose()


def _row(table: sa.Table, rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for column in table.columns:
        key = next(iter(column.foreign_keys), None)
        if key is not None:
            of = rows.get(key.column.table.name)
            made |= {column.name: of[key.column.name]} if of else {}
        elif not column.nullable and column.server_default is None:
            made[column.name] = _value(column.type)
    return made


def _value(kind: sa.types.TypeEngine[Any]) -> Any:
    match kind:
        case sa.Boolean():
            return False
        case sa.DateTime():
            return datetime(2026, 1, 1, tzinfo=UTC)
        case sa.Date():
            return date(2026, 1, 1)
        case sa.Integer():
            return 1
        case sa.JSON():
            return {}
        case sa.String(length=int(most)):
            return uuid.uuid4().hex[:most]  # SQLite keeps ids as texts too
        case _:
            return uuid.uuid4() if kind.as_generic().python_type is uuid.UUID else "x"


def rows_of_each() -> dict[str, int]:
    with db.engine.connect() as connection:
        return {
            name: connection.execute(
                sa.select(sa.func.count()).select_from(table)
            ).scalar_one()
            for name in sa.inspect(db.engine).get_table_names()
            for table in [sa.table(name)]
        }


def test_an_upgrade_keeps_every_row(old_house: Flask) -> None:
    before = rows_of_each()
    assert before["documents"] == before["deliveries"] == before["memberships"] == 1
    upgrade(MIGRATIONS)
    assert {name: rows_of_each()[name] for name in before} == before


def test_a_downgrade_of_one_column_keeps_every_row(old_house: Flask) -> None:
    upgrade(MIGRATIONS)
    before = rows_of_each()
    downgrade(MIGRATIONS, revision="0013")
    assert rows_of_each() == before


def test_an_upgrade_that_was_cut_short_is_run_again(
    old_house: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("the machine was ended")

    with monkeypatch.context() as patched:
        patched.setattr("alembic.op.create_index", fail)
        with pytest.raises(OSError, match="ended"):
            upgrade(MIGRATIONS)
    db.session.remove()
    upgrade(MIGRATIONS)
    assert rows_of_each()["documents"] == 1
    upgrade(MIGRATIONS)
