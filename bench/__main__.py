"""Runs the benchmarks that are asked for, in the order of their numbers."""

import sys
from collections.abc import Callable, Iterator

from _parts import PartFailed
from bench import (
    acting,
    crowd,
    crowding,
    depositing,
    fairness,
    inbound,
    mailing,
    mayan,
    memory,
    pages,
    painting,
    peering,
    searching,
    serving,
    switching,
    together,
    weighing,
    zipping,
)
from bench.ground import Ground, ground
from bench.measuring import Result, say
from bench.portal import DOCUMENTS, Portal, build


class Bench:
    """What the benchmarks share, made when the first one needs it."""

    def __init__(self, under: Ground) -> None:
        self.ground = under
        self._built: dict[int, Portal] = {}

    def of(self, documents: int) -> Portal:
        if documents not in self._built:
            self._built[documents] = build(self.ground, documents)
        return self._built[documents]

    @property
    def portal(self) -> Portal:
        return self.of(DOCUMENTS)

    @property
    def some(self) -> Portal:
        return self.of(DOCUMENTS // 10)

    @property
    def empty(self) -> Portal:
        return self.of(0)


BENCHMARKS: dict[str, Callable[[Bench], Iterator[Result]]] = {
    "P1": lambda bench: pages.p1(bench.portal),
    "P2": lambda bench: pages.p2(bench.portal),
    "P3": lambda bench: pages.p3(bench.portal),
    "P4": lambda bench: serving.p4(bench.ground, bench.portal),
    "P5": lambda bench: peering.p5(bench.ground, bench.of(peering.AMONG)),
    "P6": lambda bench: serving.p6(bench.ground, bench.portal),
    "P8": lambda bench: crowding.p8(bench.ground, bench.portal),
    "P9": lambda bench: mailing.p9(bench.ground, bench.portal),
    "P10": lambda bench: mailing.p10(bench.empty, bench.some, bench.portal),
    "P11": lambda bench: crowd.p11(bench.ground),
    "P12": lambda bench: memory.p12(bench.ground),
    "P13": lambda bench: depositing.p13(bench.portal),
    "P14": lambda bench: switching.p14(bench.ground),
    "P15": lambda bench: fairness.p15(bench.ground),
    "P16": lambda bench: fairness.p16(bench.ground),
    "P17": lambda bench: searching.p17(bench.portal),
    "P18": lambda bench: inbound.p18(bench.ground),
    "P19": lambda bench: zipping.p19(bench.empty),
    "P20": lambda bench: together.p20(bench.portal),
    "P21": lambda bench: weighing.p21(bench.portal),
    "P22": lambda bench: painting.p22(bench.ground, bench.portal),
    "P23": lambda bench: acting.p23(bench.portal),
}


def usual() -> list[str]:
    """All of them, save that nothing is installed unasked."""
    return [name for name in BENCHMARKS if name != "P5" or mayan.is_installed()]


def main(wanted: list[str]) -> int:
    if unknown := set(wanted) - set(BENCHMARKS):
        say(f"There are {', '.join(BENCHMARKS)}; not {', '.join(sorted(unknown))}.")
        return 2
    results = []
    with ground() as under:
        bench = Bench(under)
        for name in (name for name in BENCHMARKS if name in (wanted or usual())):
            say(name, end=" ")
            for result in BENCHMARKS[name](bench):
                sys.stdout.write(result.line() + "\n")
                sys.stdout.flush()
                results.append(result)
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except PartFailed as failure:
        say(f"{failure.part.name} {failure}:\n{failure.part.last_lines()}")
        sys.exit(3)
    except KeyboardInterrupt:
        sys.exit(130)
