"""A line to the database, for what a run writes for every message: each time one
statement that commits by itself and whose plan is kept. Without, BEGIN, COMMIT and
planning cost more than the writing.

What is asked is not waited for until its answer is: the mail server is spoken to
meanwhile. PostgreSQL only, by libpq; a kept plan is right here, since such a statement
finds its rows by their ids, whatever the values.
"""

import json
import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

import psycopg
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from sqlalchemy import ClauseElement, Connection
from sqlalchemy.dialects.postgresql import asyncpg

from app.db import db, on_sqlite
from app.idle_lines import has_something_to_say

# Said by a pooler between us and the server, or by the server that it led us to, which
# never heard of the plan, or has one of that name. Nothing was done then.
NO_SUCH_PLAN = {"26000", "42P05", "08P01"}
DONE = {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK}
# It alone says $1 and $2, as libpq does.
_NUMBERED = asyncpg.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Spoken:
    """A statement as libpq takes it, the name of its plan, the names of its values, and
    those that it brings."""

    text: bytes
    plan: bytes
    names: tuple[str, ...]
    own: Mapping[str, Any]

    def filled(self, values: Mapping[str, Any]) -> list[bytes | None]:
        given = {**self.own, **values}
        return [_said(given[name]) for name in self.names]


@cache
def spoken(statement: ClauseElement) -> Spoken:
    """Its values that are given later are bound to None."""
    compiled = statement.compile(
        dialect=_NUMBERED, compile_kwargs={"render_postcompile": True}
    )
    text = str(compiled).encode()
    plan = f"guichet_{sha256(text).hexdigest()[:16]}".encode()
    names = tuple(compiled.positiontup or ())  # type: ignore[attr-defined]
    return Spoken(text, plan, names, compiled.params)


def _said(value: Any) -> bytes | None:
    """In the text that PostgreSQL reads; the statement says of which type it is."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.isoformat().encode()
    if isinstance(value, timedelta):
        return f"{value.total_seconds()} seconds".encode()
    if isinstance(value, dict):
        return json.dumps(value).encode()
    return str(value).encode()


@contextmanager
def opened() -> Iterator["Ledger | None"]:
    """One to keep for a while; None on SQLite, which has no use for it."""
    if on_sqlite():
        yield None
        return
    ledger = Ledger()
    try:
        yield ledger
    finally:
        ledger.close()


class Ledger:
    """Opened when something is asked; anew when it was cut meanwhile. What it raises
    is psycopg's."""

    def __init__(self) -> None:
        self.line: Connection | None = None
        self.asked: tuple[Spoken, list[bytes | None]] | None = None
        self.keeps_plans = True

    def ask(self, statement: ClauseElement, values: Mapping[str, Any]) -> None:
        """Begin it. The caller asks for the answer before it asks something else."""
        if self.asked is not None:
            raise RuntimeError("the last answer was not listened to")
        wanted = spoken(statement)
        self.asked = wanted, wanted.filled(values)
        try:
            self._send()
        except Exception:
            self._give_up()
            raise

    def answer(self) -> int:
        """How many rows came back, once it is committed."""
        try:
            result = self._hear()
            if self.keeps_plans and _state(result) in NO_SUCH_PLAN:
                self.keeps_plans = False
                self._send()
                result = self._hear()
        except Exception:
            self._give_up()
            raise
        self.asked = None
        if result.status not in DONE:
            raise _error(result)
        return result.ntuples

    def close(self) -> None:
        """What was asked and not answered is done or not, as the database will."""
        if self.asked is not None:
            self._give_up()
        if self.line is not None:
            self.line.close()
        self.line = None

    def _send(self) -> None:
        assert self.asked is not None  # noqa: S101 - for mypy
        wanted, values = self.asked
        pgconn = self._ready()
        if self.keeps_plans and self._is_planned(pgconn, wanted):
            pgconn.send_query_prepared(wanted.plan, values)
        else:
            pgconn.send_query_params(wanted.text, values)
        pgconn.flush()

    def _hear(self) -> PGresult:
        assert self.line is not None  # noqa: S101 - for mypy
        pgconn = _pgconn(self.line)
        poll = select.poll()
        poll.register(pgconn.socket, select.POLLIN)
        while pgconn.is_busy():
            poll.poll()
            pgconn.consume_input()
        result = pgconn.get_result()
        while pgconn.get_result() is not None:
            pass
        if result is None:
            raise psycopg.OperationalError("the line was cut")
        return result

    def _ready(self) -> PGconn:
        # One that nothing was asked of says nothing, but for its end.
        if self.line is not None and has_something_to_say(_driver(self.line)):
            self._drop_line()
        if self.line is None:
            self.line = db.engine.connect()
            self.line.execution_options(isolation_level="AUTOCOMMIT")
        return _pgconn(self.line)

    def _give_up(self) -> None:
        self.asked = None
        self._drop_line()

    def _drop_line(self) -> None:
        if self.line is not None:
            self.line.invalidate()
            self.line.close()
        self.line = None

    def _is_planned(self, pgconn: PGconn, wanted: Spoken) -> bool:
        """The plan is there, made now if need be: it lasts as long as the line does."""
        assert self.line is not None  # noqa: S101 - for mypy
        plans: set[bytes] = self.line.info.setdefault("plans", set())
        if wanted.plan not in plans:
            made = pgconn.prepare(wanted.plan, wanted.text)
            if made.status not in DONE:
                if _state(made) not in NO_SUCH_PLAN:
                    raise _error(made)
                self.keeps_plans = False
                return False
            plans.add(wanted.plan)
        return True


def _driver(line: Connection) -> psycopg.Connection[Any]:
    driver: Any = line.connection.driver_connection
    return driver  # type: ignore[no-any-return]


def _pgconn(line: Connection) -> PGconn:
    return _driver(line).pgconn


def _state(result: PGresult) -> str:
    return (result.error_field(DiagnosticField.SQLSTATE) or b"").decode()


def _error(result: PGresult) -> psycopg.Error:
    """Without a state it is the line that ended."""
    try:
        kind: type[psycopg.Error] = psycopg.errors.lookup(_state(result))
    except KeyError:
        kind = psycopg.OperationalError
    return kind(result.error_message.decode("utf-8", "replace").strip())
