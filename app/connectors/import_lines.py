"""What an import says of each line of a file, and of all of them."""

import uuid
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

from app.companies.models import Company
from app.connectors.catalogue import Slot
from app.connectors.csv_reading import Row

VERDICTS = ("error", "new", "changed", "unchanged", "empty")
WRITTEN = ("new", "changed")


@dataclass(frozen=True)
class Line:
    """One line of the file and what comes of it; `why` says it for an error."""

    row: Row
    verdict: str
    company: Company | None = None
    slot: Slot | None = None
    before: str | None = None
    after: str = ""
    why: str = ""
    doubts: tuple[str, ...] = ()

    @property
    def is_written(self) -> bool:
        return self.verdict in WRITTEN

    @property
    def place(self) -> tuple[uuid.UUID, str] | None:
        return (self.company.id, self.slot.key) if self.company and self.slot else None

    @property
    def mark(self) -> str:
        """Short for what the line does: to see whether it still does the same."""
        told = (self.row.line, self.verdict, self.place, self.before, self.after)
        return f"{crc32(repr((*told, self.doubts)).encode()):08x}"


@dataclass(frozen=True)
class Plan:
    lines: list[Line]

    @cached_property
    def counts(self) -> Counter[str]:
        found = Counter(dict.fromkeys((*VERDICTS, "doubts", "written"), 0))
        found.update(line.verdict for line in self.lines)
        found["doubts"] = sum(bool(line.doubts) for line in self.lines)
        found["written"] = len(self.written)
        return found

    @property
    def written(self) -> list[Line]:
        return [line for line in self.lines if line.is_written]

    @property
    def errors(self) -> list[Line]:
        return [line for line in self.lines if line.verdict == "error"]

    @property
    def marks(self) -> str:
        return " ".join(line.mark for line in self.lines)

    def changed_since(self, marks: str) -> list[Line]:
        """The lines that do not do any more what they did in the plan of `marks`."""
        before = marks.split()
        before += [""] * (len(self.lines) - len(before))
        both = zip(self.lines, before, strict=False)
        return [line for line, mark in both if line.mark != mark]

    @property
    def by_urgency(self) -> list[Line]:
        """Errors first, then doubts, then what changes, then the rest."""
        order = {verdict: place for place, verdict in enumerate(VERDICTS)}
        order["changed"], order["new"] = 1, 2
        return sorted(
            self.lines,
            key=lambda line: (
                line.verdict != "error",
                not line.doubts,
                order[line.verdict],
            ),
        )
