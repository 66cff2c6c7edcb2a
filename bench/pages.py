"""P1, P2, P3: the folder page of the library, in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import select

from app.db import db
from app.library.fetching import ROWS
from app.library.models import Document
from app.library.ordering import USUAL
from bench.measuring import Result, Series, Side, alternate, repeated
from bench.portal import HOST, Portal, statements

A_ROUND, TIMES = 5, 6  # requests in a round, rounds
MOST_QUERIES = 6


def page(portal: Portal, path: str) -> Side:
    browser = portal.visitor()

    def get() -> None:
        answer = browser.get(path, base_url=f"http://{HOST}")
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status}")

    return repeated(get, A_ROUND)


@contextmanager
def raw_sql(portal: Portal, path: str) -> Iterator[tuple[Side, Side]]:
    """The statements that the page sends, by the driver alone, unprepared as in the
    page; and its listing only, which is the longest of them."""
    with statements(portal.app) as sent:
        page(portal, path)()
    whole = list(dict(sent).items())  # of several visits, each statement once
    listing = [one for one in whole if "AS is_unread" in one[0]]
    url = sa.make_url(portal.database_url)
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        cursor: Any = connection.connection.cursor()

        def ask(statements: list[tuple[str, Any]]) -> Side:
            def once() -> None:
                for statement, given in statements:
                    cursor.execute(statement, given, prepare=False).fetchall()

            return repeated(once, A_ROUND)

        yield ask(whole), ask(listing)
    engine.dispose()


def most_queries(portal: Portal, path: str) -> int:
    """Of one request, the most among a few (the firm is looked up now and then)."""
    counts = []
    for _ in range(5):
        with statements(portal.app) as seen:
            portal.visitor().get(path, base_url=f"http://{HOST}")
        counts.append(len(seen))
    return max(counts)


def p1(portal: Portal) -> Iterator[Result]:
    path = portal.path(portal.big)
    with raw_sql(portal, path) as (whole, listing):
        ours, sql, longest = alternate(page(portal, path), whole, listing, times=TIMES)
    queries = most_queries(portal, path)
    yield Result(
        id="P1",
        value=ours.median,
        baseline=sql.median,
        ratio=ours.median / sql.median,
        unit="ms",
        target="<= SQL + 15 ms, p95 < 60 ms, <= 6 queries",
        ok=ours.median <= sql.median + 15 and ours.p95 < 60 and queries <= MOST_QUERIES,
        also={
            "p95": ours.p95,
            "worst": ours.worst,
            "queries": queries,
            "its_listing_alone": longest.median,
        },
    )


def p2(portal: Portal) -> Iterator[Result]:
    first = portal.path(portal.big)
    last = f"{first}?after={_before_the_last(portal, portal.big, ROWS)}"
    ours, start = alternate(page(portal, last), page(portal, first), times=TIMES)
    yield _same("P2", ours, start)


def p3(portal: Portal) -> Iterator[Result]:
    """The first page of 50 rows in the big folder and in that of 1 000; and a page of
    10 rows, which is all of the small folder and the last page of the big one."""
    big, middle, small = map(portal.path, (portal.big, portal.middle, portal.small))
    ten = f"{big}?after={_before_the_last(portal, portal.big, 10)}"
    sides = [page(portal, path) for path in (big, middle, ten, small)]
    in_big, in_middle, ten_in_big, in_small = alternate(*sides, times=TIMES)
    short = _same("P3", ten_in_big, in_small)
    full = _same("P3", in_big, in_middle)
    yield Result(
        **vars(full)
        | {
            "ok": full.ok and short.ok,
            "also": {
                "ten_rows": short.value,
                "ten_rows_baseline": short.baseline or 0,
                "ten_rows_ratio": short.ratio or 0,
            },
        }
    )


def _same(benchmark: str, ours: Series, other: Series) -> Result:
    ratio = ours.median / other.median
    return Result(
        id=benchmark,
        value=ours.median,
        baseline=other.median,
        ratio=ratio,
        unit="ms",
        target="<= 1.2 x",
        ok=ratio <= 1.2,
    )


def _before_the_last(portal: Portal, folder_id: UUID, rows: int) -> str:
    """The place behind which so many rows are left."""
    with portal.app.app_context():
        document = db.session.scalars(
            select(Document)
            .where(Document.folder_id == folder_id, Document.trashed_at.is_(None))
            .order_by(Document.arrived_at, Document.id)
            .offset(rows)
            .limit(1)
        ).one()
        return USUAL.place(document)
