"""Runs the migrations inside the application: `flask --app app db upgrade`."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from app.db import Base, UtcDateTime


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """A migration stands alone: it names SQLAlchemy's types, never ours."""
    is_ours = kind == "type" and isinstance(item, UtcDateTime)
    return "sa.DateTime(timezone=True)" if is_ours else False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_on_sqlite(connection: Connection) -> None:
    """There a table that changes is made anew and the old one dropped, which would
    delete what refers to its rows. Only outside a transaction can that be said."""
    line = connection.connection.cursor()
    line.execute("PRAGMA foreign_keys=OFF")
    try:
        run(connection)
        astray = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
        if astray:
            raise RuntimeError(f"rows would refer to nothing: {astray}")
        connection.commit()
    finally:
        connection.rollback()
        line.execute("PRAGMA foreign_keys=ON")
        line.close()


with current_app.extensions["migrate"].db.engine.connect() as connection:
    if connection.dialect.name == "sqlite":
        run_on_sqlite(connection)
    else:
        run(connection)
        connection.commit()
