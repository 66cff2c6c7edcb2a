"""P23: what an act on a row of the folder page brings back, beside the whole page."""

import gzip
import re
import time
from collections.abc import Iterator

from bench.measuring import Result, Series, Side, alternate, timed
from bench.portal import HOST, Portal

TIMES = 3
MOST = 0.3
# One after another on the same row: each is there for the next one.
ACTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("refuse", {"reason": "La deuxième page manque"}),
    ("validate", {}),
    ("reopen", {"status": "validated"}),
    ("rename", {"name": "Facture renommée"}),
    ("trash", {}),
    ("restore", {}),
)


def p23(portal: Portal) -> Iterator[Result]:
    page = portal.path(portal.big)
    at = f"http://{HOST}"
    shown = portal.visitor().get(page, base_url=at).data
    found = re.search(rb'id="document-([^"]+)"', shown)
    if found is None:
        raise LookupError("no row")
    document = found[1].decode()
    weights: dict[str, list[float]] = {}

    browser = portal.visitor()
    headers = {
        "HX-Request": "true",
        "HX-Current-URL": at + page,
        "X-CSRFToken": portal.csrf_token,
    }

    def one(act: str, data: dict[str, str]) -> float:
        path = f"/documents/{document}/{act}?from=list"
        began = time.perf_counter()
        answer = browser.post(path, base_url=at, headers=headers, data=data)
        took = (time.perf_counter() - began) * 1000
        if answer.status_code != 200:
            raise RuntimeError(f"{act}: {answer.status}")
        weights.setdefault(act, []).append(_weight(answer.data))
        return took

    def acts() -> list[float]:
        return [one(act, data) for act, data in ACTS]

    ours, whole = alternate(acts, _pages(portal, page), times=TIMES)
    heaviest = max(weights, key=lambda act: max(weights[act]))
    weight, full = max(weights[heaviest]), _weight(shown)
    yield _result(heaviest, weight, full, ours, whole)


def _pages(portal: Portal, page: str) -> Side:
    browser = portal.visitor()
    return lambda: [timed(lambda: browser.get(page, base_url=f"http://{HOST}"))]


def _weight(body: bytes) -> float:
    return len(gzip.compress(body, 6)) / 1000


def _result(
    heaviest: str, weight: float, full: float, ours: Series, whole: Series
) -> Result:
    return Result(
        id="P23",
        value=weight,
        baseline=full,
        ratio=weight / full,
        unit="kB gzip",
        target=f"<= {MOST} x the page",
        ok=weight <= MOST * full,
        also={
            "heaviest": heaviest,
            "ms": ours.median,
            "ms_p95": ours.p95,
            "page_ms": whole.median,
        },
    )
