"""Runs the migrations inside the application: `flask --app app db upgrade`."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from app.db import Base


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


with current_app.extensions["migrate"].db.engine.connect() as connection:
    run(connection)
    connection.commit()
