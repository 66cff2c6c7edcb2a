"""The database: the declarative base, the types and the few habits all models share.

Times are UTC and aware, ids are UUIDv7, and on SQLite a transaction that may
write takes the write lock at its start, so that it never fails half-way.
"""

import json
import uuid
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any

import uuid_utils
from flask_sqlalchemy import SQLAlchemy
from psycopg.types.array import ListBinaryDumper
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Engine,
    ForeignKey,
    Insert as SqlInsert,
    MetaData,
    String,
    Uuid,
    any_,
    bindparam,
    event,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import Insert, insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.orm import (
    DeclarativeBase,
    InstrumentedAttribute,
    Mapped,
    mapped_column,
)
from sqlalchemy.types import TypeDecorator

from app.idle_lines import look_at_line


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps it without its zone and gets it back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def new_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): opaque in a URL, ordered by time in an index."""
    return uuid.UUID(int=uuid_utils.uuid7().int)


def id_from(text: str | None) -> uuid.UUID | None:
    """The id that an address, a form or a message holds; None for anything else."""
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None


def utc_now() -> datetime:
    return datetime.now(UTC)


Id = Annotated[uuid.UUID, mapped_column(Uuid, primary_key=True, default=new_id)]
Moment = Annotated[datetime, mapped_column(UtcDateTime)]
MaybeMoment = Annotated[datetime | None, mapped_column(UtcDateTime)]
Name = Annotated[str, mapped_column(String(255))]


class TenantOwned:
    """A row that belongs to one firm: `tenancy` hides it from every other one."""

    firm_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("firms.id", ondelete="CASCADE"), index=False
    )


def on_sqlite() -> bool:
    """Which has one writer: a write transaction is a lock of everything."""
    return db.session.get_bind().dialect.name == "sqlite"


def database_now() -> datetime:
    """The database's clock, by which alone due times and leases are compared."""
    if on_sqlite():
        return utc_now()
    now: datetime = db.session.execute(select(func.clock_timestamp())).scalar_one()
    return now


def insert_into(table: type[Base]) -> Insert:
    """INSERT that may say ON CONFLICT, which both databases know the same way."""
    if on_sqlite():
        return sqlite_insert(table)  # type: ignore[return-value]
    return postgres_insert(table)


def among(
    column: ColumnElement[Any] | InstrumentedAttribute[Any], values: Iterable[Any]
) -> ColumnElement[bool]:
    """`column IN (values)`, of however many: one array on PostgreSQL, since a statement
    that names a thousand values takes longer to read than to run."""
    if on_sqlite():
        return column.in_(list(values))
    return column == any_(literal(list(values), ARRAY(column.type)))


def insert_all(table: type[Base], rows: list[dict[str, Any]]) -> None:
    """Rows of one shape, whose columns are all said; on PostgreSQL by one statement
    with two values, however many they are: what is the same in all of them, and the
    rest. No defaults are filled in."""
    if on_sqlite():
        db.session.execute(insert(table), rows)
        return
    names = list(rows[0])
    # Quoted by the dialect: tables and columns are ours.
    quoted = db.session.get_bind().dialect.identifier_preparer.quote
    columns = ", ".join(map(quoted, names))
    into = quoted(table.__tablename__)
    same = {
        name: value
        for name, value in rows[0].items()
        if [row[name] for row in rows] == [value] * len(rows)
    }
    others = [name for name in names if name not in same]
    rest = [{name: row[name] for name in others} for row in rows]
    db.session.execute(
        text(
            f"INSERT INTO {into} ({columns}) SELECT {columns}"  # noqa: S608
            " FROM json_populate_recordset("
            f"json_populate_record(CAST(NULL AS {into}), CAST(:same AS json)),"
            " CAST(:rest AS json))"
        ),
        {
            "same": json.dumps(same, default=str, ensure_ascii=False),
            "rest": json.dumps(rest, default=str, ensure_ascii=False),
        },
    )


def insert_at_once(*rows: Base) -> None:
    """A row of each of these tables, past the session; on PostgreSQL by one statement.
    All their columns are said: no defaults are filled in."""
    asked = {
        _place(type(row), column): getattr(row, column.key)
        for row in rows
        for column in row.__table__.columns
    }
    if not on_sqlite():
        db.session.execute(_inserting(tuple(type(row) for row in rows)), asked)
        return
    for row in rows:
        db.session.execute(_inserting((type(row),)), asked)


@cache
def _inserting(tables: tuple[type[Base], ...]) -> SqlInsert:
    *others, last = [
        insert(Base.metadata.tables[table.__tablename__]).values(
            {
                column.key: bindparam(_place(table, column), type_=column.type)
                for column in table.__table__.columns
            }
        )
        for table in tables
    ]
    return last.add_cte(*(other.cte() for other in others))


def _place(table: type[Base], column: Any) -> str:
    return f"{table.__tablename__}_{column.key}"


_read_only: ContextVar[bool] = ContextVar("read_only", default=False)


def set_read_only(value: bool) -> None:
    _read_only.set(value)


# A process that is frozen in the middle of a transaction (a machine that is paused)
# would keep its locks from everybody: the server ends the transaction then. Longer
# than any of ours is idle, shorter than a lease.
MOST_IDLE_SECONDS = 60.0


def prepare_engine(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _configure_postgres)
        event.listen(engine, "checkout", look_at_line)


def _configure_postgres(connection: Any, _record: Any) -> None:
    """Said by SET: not every pooler lets it through in the start of a connection.
    Arrays go as bytes: written out, a thousand ids take six times as long."""
    connection.adapters.register_dumper(list, ListBinaryDumper)
    milliseconds = round(MOST_IDLE_SECONDS * 1000)
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = {milliseconds}")
    connection.commit()


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy says BEGIN itself, below
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=15000",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN" if _read_only.get() else "BEGIN IMMEDIATE")
