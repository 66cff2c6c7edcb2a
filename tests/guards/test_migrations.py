"""The migrations make the tables that the models describe, on both databases."""

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
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
