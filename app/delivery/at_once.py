"""One statement that commits by itself, and whose plan is kept: for what a run writes
for every message. Without, BEGIN, COMMIT and planning cost more than the writing.

PostgreSQL only. A kept plan is right here, since such a statement finds its rows by
their ids, whatever the values.
"""

from typing import Any

from sqlalchemy import Executable, Row
from sqlalchemy.exc import DBAPIError

from app.db import db

# Said by a pooler between us and the server, or by the server that it led us to, which
# never heard of the plan. Nothing was done then.
NO_SUCH_PLAN = {"26000", "42P05", "08P01"}


def is_possible() -> bool:
    return db.session.get_bind().dialect.name == "postgresql"


def execute(statement: Executable, values: dict[str, Any]) -> list[Row[Any]]:
    """Its rows, once it is committed. The caller's session has nothing open."""
    try:
        return _execute(statement, values, 0)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in NO_SUCH_PLAN:
            raise
        return _execute(statement, values, None)


def _execute(
    statement: Executable, values: dict[str, Any], prepare_threshold: int | None
) -> list[Row[Any]]:
    with db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        line: Any = connection.connection.driver_connection
        usual, line.prepare_threshold = line.prepare_threshold, prepare_threshold
        try:
            return list(connection.execute(statement, values))
        finally:
            line.prepare_threshold = usual
