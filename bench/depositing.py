"""P13: the transaction of a deposit, without the storing of the bytes."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from app.db import db
from app.library.deposit import deposit
from app.library.models import Document, Folder
from app.library.receiving import Received
from app.people.models import Person
from app.storage import Stored
from bench.measuring import Result, Side, alternate, timed
from bench.portal import Portal, as_in_a_request, statements

A_ROUND, TIMES = 10, 5  # deposits in a round, rounds
MOST_QUERIES = 8


def p13(portal: Portal) -> Iterator[Result]:
    with _one_row(portal) as row:
        deep, one, big = alternate(
            _deposits(portal, portal.deep),
            row,
            _deposits(portal, portal.big),
            times=TIMES,
        )
    with statements(portal.app) as seen:
        _deposits(portal, portal.deep, 1)()
    queries = len(seen) - _QUERIES_BEFORE
    yield Result(
        id="P13",
        value=deep.p95,
        baseline=one.p95,
        ratio=deep.p95 / one.p95,
        unit="ms",
        target="p95 <= 4 ms, <= 8 queries",
        ok=deep.p95 <= 4 and queries <= MOST_QUERIES,
        also={
            "median": deep.median,
            "baseline_median": one.median,
            "queries": queries,
            "in_the_big_folder_p95": big.p95,
        },
    )


_QUERIES_BEFORE = 2  # the folder and the person, which a request has at hand


def _deposits(portal: Portal, folder_id: UUID, times: int = A_ROUND) -> Side:
    def many() -> list[float]:
        with as_in_a_request(portal):
            folder = db.session.get_one(Folder, folder_id)
            staff = db.session.get_one(Person, portal.staff_id)
            db.session.commit()
            return [timed(_deposit(folder, staff)) for _ in range(times)]

    return many


def _deposit(folder: Folder, staff: Person) -> Callable[[], None]:
    received = _received()

    def act() -> None:
        deposit(received, into=folder, by=staff, channel="firm", upload_id=uuid4())
        db.session.commit()

    return act


def _received() -> Received:
    """A file that the store has, as far as the database can tell."""
    key = uuid4().hex
    stored = Stored(
        f"{key[:2]}/{key[2:4]}/{key}", 123_456, sha256(key.encode()).hexdigest()
    )
    name = f"Ticket {key[:8]}.pdf"
    return Received(stored, name, name, "application/pdf")


class _one_row:  # noqa: N801 - used as a function
    """A copy of one document's row, by the driver alone, committed."""

    def __init__(self, portal: Portal) -> None:
        self.engine = sa.create_engine(portal.database_url)
        self.folder_id = portal.small

    def __enter__(self) -> Side:
        self.connection = self.engine.connect()
        row = self.connection.execute(
            sa.select(*Document.__table__.columns)
            .where(Document.folder_id == self.folder_id)
            .limit(1)
        ).one()
        values = dict(row._mapping)
        names = ", ".join(values)
        marks = ", ".join(f"%({name})s" for name in values)
        insert = f"INSERT INTO documents ({names}) VALUES ({marks})"  # noqa: S608
        driver: Any = self.connection.connection
        cursor = driver.cursor()

        def once() -> None:
            cursor.execute(insert, values | {"id": uuid4()})
            driver.commit()

        return lambda: [timed(once) for _ in range(A_ROUND)]

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self.engine.dispose()
