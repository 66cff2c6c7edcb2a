"""The Nth call fails: of the database, the store, the mail server or the queue.

Each counts the calls that go through it, lets the first ones be, and fails once. What
comes after it works again; save for `Killed`, after which nothing of the process does.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import psycopg
import pytest
import redis.connection
from flask import Flask
from sqlalchemy import ClauseElement, Connection, event
from sqlalchemy.exc import OperationalError

from app.blobs import Writer
from app.db import db
from app.delivery.ledger import Ledger
from app.storage import Storage, StorageUnavailable, Stored
from tests.smtp import Fault, MailServer


class Killed(BaseException):
    """The process is no more: no handler of the product catches it."""


class Count:
    """Says when it is the Nth call's turn."""

    def __init__(self, nth: int) -> None:
        self.nth = nth
        self.calls = 0
        self.is_over = False

    def is_due(self) -> bool:
        self.calls += 1
        return self.calls == self.nth

    @property
    def has_struck(self) -> bool:
        return self.calls >= self.nth

    def heal(self, *_told: object) -> None:
        """What was gone from then on is there again."""
        self.is_over = True


STATEMENT = "a statement fails"
COMMIT = "a commit fails"
ANSWER = "a commit's answer is lost"
DATABASE = (STATEMENT, COMMIT, ANSWER)


@contextmanager
def database_fails(  # noqa: C901 - small functions that share what they count
    nth: int, *kinds: str, is_killed: bool = False
) -> Iterator[Count]:
    """The line to the database is cut at the Nth of these kinds of call: before a
    statement, before a commit, or after it took effect and before it is known."""
    count, engine = Count(nth), db.engine

    def before_statement(line: Connection, *_more: Any) -> None:
        _stop_the_dead()
        if STATEMENT in kinds and count.is_due():
            _cut(line)

    def before_commit(line: Connection) -> None:
        _stop_the_dead()
        if COMMIT in kinds and count.is_due():
            _cut(line)
        if ANSWER in kinds and count.is_due():
            _dbapi(line).commit()
            _cut(line)

    def _stop_the_dead() -> None:
        if is_killed and count.has_struck:
            raise Killed

    def _cut(line: Connection) -> None:
        """On PostgreSQL the driver says itself that the line is closed."""
        if engine.dialect.name == "sqlite":
            _dbapi(line).rollback()
        else:
            _dbapi(line).close()
        if is_killed:
            raise Killed
        if engine.dialect.name == "sqlite":
            error = sqlite3.OperationalError("disk I/O error")
            raise OperationalError("", None, error)

    listeners = (
        ("before_cursor_execute", before_statement),
        ("commit", before_commit),
    )
    for name, listener in listeners:
        event.listen(engine, name, listener)
    patch = pytest.MonkeyPatch()
    _ledger_fails(patch, count, kinds, is_killed=is_killed)
    try:
        yield count
    finally:
        patch.undo()
        for name, listener in listeners:
            event.remove(engine, name, listener)
        if is_killed and count.has_struck:  # its lines end with it
            db.session().invalidate()
        db.session.remove()


def _ledger_fails(
    patch: pytest.MonkeyPatch, count: Count, kinds: tuple[str, ...], *, is_killed: bool
) -> None:
    """The same for what goes past SQLAlchemy: each statement is its own commit."""
    ask, answer = Ledger.ask, Ledger.answer

    def failing_ask(
        self: Ledger, statement: ClauseElement, values: Mapping[str, Any]
    ) -> None:
        if is_killed and count.has_struck:
            raise Killed
        if {STATEMENT, COMMIT} & set(kinds) and count.is_due():
            strike(self)
        ask(self, statement, values)

    def failing_answer(self: Ledger) -> int:
        if is_killed and count.has_struck:
            raise Killed
        rows = answer(self)
        if ANSWER in kinds and count.is_due():
            strike(self)
        return rows

    def strike(ledger: Ledger) -> None:
        ledger._give_up()
        raise Killed if is_killed else psycopg.OperationalError("the line was cut")

    patch.setattr(Ledger, "ask", failing_ask)
    patch.setattr(Ledger, "answer", failing_answer)


def _dbapi(line: Connection) -> Any:
    return line.connection.dbapi_connection


class FailingStore:
    """The store, whose Nth call fails: before it did anything, or after all of it."""

    def __init__(self, real: Storage, count: Count, *, is_late: bool = False) -> None:
        self.real = real
        self.count = count
        self.is_late = is_late

    def writer(self) -> Writer:
        made: Writer = self._call(self.real.writer)
        write, finish = made.write, made.finish

        def fail_in(act: Callable[..., Any], *args: Any) -> Any:
            try:
                return self._call(act, *args)
            except StorageUnavailable:
                made.abort()
                raise

        def failing_write(chunk: bytes) -> None:
            fail_in(write, chunk)

        def failing_finish() -> Stored:
            stored: Stored = fail_in(finish)
            return stored

        vars(made).update(write=failing_write, finish=failing_finish)
        return made

    def open(self, key: str) -> BinaryIO:
        blob: BinaryIO = self._call(self.real.open, key)
        return FailingBlob(self, blob)  # type: ignore[return-value]

    def exists(self, key: str) -> bool:
        return bool(self._call(self.real.exists, key))

    def delete(self, key: str) -> None:
        self._call(self.real.delete, key)

    def _call(self, act: Callable[..., Any], *args: Any) -> Any:
        is_due = self.count.is_due()
        if is_due and not self.is_late:
            raise StorageUnavailable("the store fails, as it was told to")
        answer = act(*args)
        if is_due:
            raise StorageUnavailable("the answer of the store was lost")
        return answer


class FailingBlob:
    def __init__(self, store: FailingStore, real: BinaryIO) -> None:
        self.store = store
        self.real = real

    def read(self, size: int = -1) -> bytes:
        chunk: bytes = self.store._call(self.real.read, size)
        return chunk

    def __enter__(self) -> "FailingBlob":
        return self

    def __exit__(self, *_error: object) -> None:
        self.real.close()


@contextmanager
def store_fails(app: Flask, nth: int, *, is_late: bool = False) -> Iterator[Count]:
    count = Count(nth)
    real = app.extensions["guichet.storage"]
    app.extensions["guichet.storage"] = FailingStore(real, count, is_late=is_late)
    try:
        yield count
    finally:
        app.extensions["guichet.storage"] = real


@contextmanager
def mail_fails(server: MailServer, nth: int, reply: str = "") -> Iterator[Count]:
    """At the Nth command, or before the Nth answer after a dot: with a reply, or by a
    line that is cut. A message that was taken is never refused: that would be a lie."""
    count, real = Count(nth), server.due

    def due(phase: str) -> Fault | None:
        if reply and phase == "ack":
            return real(phase)
        if count.is_due():
            return Fault(phase, reply, cut=not reply)
        return real(phase)

    vars(server)["due"] = due
    try:
        yield count
    finally:
        del vars(server)["due"]


@contextmanager
def queue_fails(nth: int, *, is_late: bool = False) -> Iterator[Count]:
    """The queue is gone from the Nth command on (the client tries again by itself),
    until it is healed: not reached any more, or (`is_late`) reached and never heard of
    again."""
    count = Count(nth)
    client: Any = redis.connection.AbstractConnection
    send, read = client.send_packed_command, client.read_response

    def is_gone() -> bool:
        return count.has_struck and not count.is_over

    def failing_send(self: Any, *args: Any, **more: Any) -> None:
        if not count.is_over:
            count.calls += 1
        if is_gone() and not is_late:
            raise redis.ConnectionError("the queue fails, as it was told to")
        send(self, *args, **more)

    def failing_read(self: Any, *args: Any, **more: Any) -> Any:
        answer = read(self, *args, **more)
        if is_gone() and is_late:
            raise redis.ConnectionError("the answer of the queue was lost")
        return answer

    client.send_packed_command = failing_send
    client.read_response = failing_read
    try:
        yield count
    finally:
        client.send_packed_command = send
        client.read_response = read
