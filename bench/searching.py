"""P17: the search of a member of the staff, in this process, among all documents."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from bench.measuring import Result, Side, alternate, repeated
from bench.portal import HOST, Portal, statements

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
    queries = [_query(portal, asked) for asked in ASKED]
    engine = sa.create_engine(portal.database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        cursor: Any = connection.connection.cursor()
        asked = cycle(query for query in queries if query)
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


def _query(portal: Portal, asked: str) -> str:
    """As the page itself asks it."""
    with statements(portal.app) as seen:
        portal.visitor().get(
            f"/search?{urlencode({'q': asked})}", base_url=f"http://{HOST}"
        )
    given = next(values for statement, values in seen if "to_tsquery" in statement)
    return next(str(value) for value in given.values() if ":*" in str(value))


def p17(portal: Portal) -> Iterator[Result]:
    with raw(portal) as plain:
        ours, sql = alternate(search(portal), plain, times=TIMES)
    ratio = ours.median / sql.median
    yield Result(
        id="P17",
        value=ours.p95,
        baseline=sql.p95,
        ratio=ours.p95 / sql.p95,
        unit="ms",
        target="p95 <= 100 ms, <= 3 x",
        ok=ours.p95 <= 100 and ours.p95 <= 3 * sql.p95,
        also={"median": ours.median, "median_ratio": ratio, "worst": ours.worst},
    )
