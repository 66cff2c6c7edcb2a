"""Both sides of a comparison run in turn, and what is said of them.

A round is a list of times; medians are of the rounds' medians, so that one slow round
weighs no more than another. The first round of each side only warms up.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median, quantiles

ROUNDS = max(5, int(os.environ.get("BENCH_ROUNDS", "5")))

Side = Callable[[], list[float]]


@dataclass(frozen=True)
class Series:
    """The rounds of one side."""

    rounds: list[list[float]]

    @property
    def median(self) -> float:
        return median(median(times) for times in self.rounds)

    @property
    def p95(self) -> float:
        return quantiles(self.all, n=20, method="inclusive")[-1]

    @property
    def worst(self) -> float:
        return max(self.all)

    @property
    def all(self) -> list[float]:
        return [one for times in self.rounds for one in times]


@dataclass(frozen=True)
class Result:
    """One line of the report; `also` holds what is told but not compared."""

    id: str
    value: float
    baseline: float | None
    ratio: float | None
    unit: str
    target: str
    ok: bool
    also: dict[str, float | str] = field(default_factory=dict)

    def line(self) -> str:
        told = vars(self) | {"also": None} | self.also
        told["load"] = os.getloadavg()[0]  # what else ran, more than the cores or not
        facts = {name: _short(value) for name, value in told.items() if name != "also"}
        return json.dumps(facts, ensure_ascii=False)


def _short(value: object) -> object:
    if isinstance(value, float):
        return round(value, 3) if abs(value) < 100 else round(value, 1)
    return value


def alternate(*sides: Side, times: int = 1) -> list[Series]:
    """Each side in turn, `times` as often as there are rounds, after one that is
    dropped. Short rounds in great number share what else the machine does."""
    rounds = ROUNDS * times
    kept: list[list[list[float]]] = [[] for _ in sides]
    for number in range(rounds + 1):
        for series, side in zip(kept, sides, strict=True):
            gc.collect()
            measured = side()
            if number:
                series.append(measured)
        say(".", end="" if number < rounds else "\n")
    return [Series(series) for series in kept]


def timed(act: Callable[[], object]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000


def repeated(act: Callable[[], object], times: int) -> Side:
    return lambda: [timed(act) for _ in range(times)]


def say(text: str, end: str = "\n") -> None:
    sys.stderr.write(text + end)
    sys.stderr.flush()
