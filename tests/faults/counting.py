"""What the faults came to, told when the tests are over (`bin/test -m faults`)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.faults.invariants import look, lost
from tests.smtp import Received

COUNTED = (
    *("kills", "freezes", "restarts", "faults", "deliveries", "accepted", "unknown"),
    *("extra copies", "windows", "lost", "mails", "documents"),
)
_counts: dict[str, Counter[str]] = {}


def note(fault: str, **counts: int) -> None:
    """Add to the fault's line; `extra_copies` is written as «extra copies»."""
    line = _counts.setdefault(fault, Counter())
    line.update({name.replace("_", " "): count for name, count in counts.items()})


def note_outcome(fault: str, received: Sequence[Received], **more: int) -> None:
    """What became of everything in the database, against what the sink took."""
    seen = look(received)
    states = Counter(delivery.state for delivery in seen.deliveries)
    note(
        fault,
        deliveries=len(seen.deliveries),
        accepted=states["accepted"] + states["delivered"],
        unknown=states["unknown"],
        extra_copies=sum(max(len(c) - 1, 0) for c in seen.copies.values()),
        windows=sum(delivery.ambiguous for delivery in seen.deliveries),
        lost=len(list(lost(seen))),
        **more,
    )


def table() -> Iterator[str]:
    """One line a fault, and the sum."""
    if not _counts:
        return
    total: Counter[str] = Counter()
    for line in _counts.values():
        total.update(line)
    width = max(map(len, (*_counts, "total")))
    yield " ".join([" " * width, *COUNTED])
    for name, line in (*sorted(_counts.items()), ("total", total)):
        cells = (str(line[column]).rjust(len(column)) for column in COUNTED)
        yield " ".join([name.ljust(width), *cells])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes hands in what it counted."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["faults"] = {name: dict(line) for name, line in _counts.items()}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    for name, counts in getattr(node, "workeroutput", {}).get("faults", {}).items():
        note(name, **counts)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = list(table())
    if lines:
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.line(line)
