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


with current_app.extensions["migrate"].db.engine.connect() as connection:
    run(connection)
    connection.commit()
