"""P17: the search of a member of the staff, in this process, among all documents."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from app.db import db
from app.folding import words
from app.library.models import Folder
from app.search.indexing import keyed, scope_of
from bench.measuring import Result, Series, Side, alternate, repeated
from bench.portal import HOST, Portal, as_in_a_request

TIMES = 4
ASKED = (
    "orange",
    "facture",
    "edf éle",
    "ÉLECTRICITÉ total",
    "facture point 2026",
    "facture 12345",
    "cemex béton chantier",
    "rien-de-tel",
)


def search(portal: Portal) -> Side:
    browser = portal.visitor()
    asked = cycle(ASKED)

    def get() -> None:
        path = f"/search?{urlencode({'q': next(asked)})}"
        answer = browser.get(path, base_url=f"http://{HOST}")
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status}")

    return repeated(get, len(ASKED))


@contextmanager
def raw(portal: Portal) -> Iterator[Side]:
    """What a plain full-text search asks: the words among one company's entries, the
    newest fifty, with nobody's rights looked at."""
    asked = cycle(_queries(portal))
    engine = sa.create_engine(portal.database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        cursor: Any = connection.connection.cursor()
        statement = (
            "SELECT document_id FROM search_entries WHERE"
            " to_tsvector('simple', scope || ' ' || body) @@ to_tsquery('simple', %s)"
            " ORDER BY document_id DESC LIMIT 51"
        )
        yield repeated(
            lambda: cursor.execute(statement, [next(asked)], prepare=False).fetchall(),
            len(ASKED),
        )
    engine.dispose()


def _queries(portal: Portal) -> list[str]:
    """In the words of the index, of the company that the staff sees."""
    with as_in_a_request(portal):
        folder = db.session.get_one(Folder, portal.big)
        scope = scope_of(folder.company_id)
    found = [keyed(words(asked), portal.firm_id) for asked in ASKED]
    return [" & ".join([scope, *(f"'{word}':*" for word in one)]) for one in found]


@contextmanager
def statements_of(portal: Portal) -> Iterator[list[float]]:
    """How long the database took over each page's search, in milliseconds; the rest of
    the page is like any other's."""
    took: list[float] = []
    began = [0.0]

    def before(*_: Any) -> None:
        began[0] = time.perf_counter()

    def after(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "search_entries" in statement:
            took.append((time.perf_counter() - began[0]) * 1000)

    with portal.app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", before)
    sa.event.listen(engine, "after_cursor_execute", after)
    try:
        yield took
    finally:
        sa.event.remove(engine, "before_cursor_execute", before)
        sa.event.remove(engine, "after_cursor_execute", after)


def p17(portal: Portal) -> Iterator[Result]:
    with raw(portal) as plain, statements_of(portal) as took:
        ours, sql = alternate(search(portal), plain, times=TIMES)
    searched = Series([took])
    ratio = searched.p95 / sql.p95
    yield Result(
        id="P17",
        value=ours.p95,
        baseline=sql.p95,
        ratio=ratio,
        unit="ms",
        target="p95 <= 100 ms, its statements <= 3 x",
        ok=ours.p95 <= 100 and ratio <= 3,
        also={
            "median": ours.median,
            "worst": ours.worst,
            "statements_p95": searched.p95,
            "statements_median": searched.median,
            "sql_median": sql.median,
        },
    )
