"""Who must be sent and who must not: domain.md, section 2, without a database.

A row is one version of a document towards one line (company, tool, slot). It is due,
in doubt, left, stopped, unknown (a person has to look) or bounced.
"""

from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

Line = tuple[int, str, str]
Key = tuple[Hashable, int, Line]  # document, version
WAITS = ("due", "doubt")


@dataclass
class Row:
    period: int  # of the switch that made it due
    state: str = "due"
    why: str = ""  # it was stopped, or is to be once the doubt is over
    asks: bool = False  # its address changed while it was held: a person decides
    doubts: int = 0
    pinned: str = ""  # where a first copy may have gone


@dataclass
class Who:
    parent: dict[int, int | None]
    periods: Iterator[int] = field(default_factory=lambda: count(1))
    settings: dict[tuple[int, Line], tuple[bool, int]] = field(default_factory=dict)
    folder: dict[Hashable, int] = field(default_factory=dict)
    version: dict[Hashable, int] = field(default_factory=dict)
    address: dict[Line, str] = field(default_factory=dict)
    revoked: set[Line] = field(default_factory=set)
    rows: dict[Key, Row] = field(default_factory=dict)

    def on(self, folder: int | None, line: Line) -> int | None:
        """The period that is open there: the nearest explicit setting decides."""
        while folder is not None and (folder, line) not in self.settings:
            folder = self.parent[folder]
        is_on, period = self.settings[folder, line] if folder is not None else (0, 0)
        return period if is_on else None

    def arrive(self, doc: Hashable, folder: int, kind: str) -> None:
        """Uploaded or copied (`fresh`), moved in (`move`), or restored."""
        before, self.folder[doc] = self.folder.get(doc), folder
        for line in self.address:
            period, key = self.on(folder, line), (doc, self.version[doc], line)
            if period is None or (kind == "move" and self.on(before, line)):
                continue  # not covered, or covered as before: the one delivery stays
            row = self.rows.get(key)
            is_same = row is not None and row.why == "trashed" and row.period == period
            is_back = kind == "move" or is_same
            is_new = row is None and kind != "restore"
            if is_new or (row and row.state == "stopped" and is_back):
                self.rows[key] = Row(period)
            elif row and row.state == "doubt" and is_back and row.why != "switch_off":
                row.why = ""
        self.stop_uncovered([doc], "moved_out")

    def waiting(self, docs: Collection[Hashable]) -> list[tuple[Key, Row]]:
        rows = self.rows.items()
        return [(k, r) for k, r in rows if k[0] in docs and r.state in WAITS]

    def stop(self, docs: Collection[Hashable], why: str) -> None:
        for _key, row in self.waiting(docs):
            row.why, row.state = why, "stopped" if row.state == "due" else row.state

    def stop_uncovered(self, docs: Collection[Hashable], why: str) -> None:
        """What still waits is due by the period that decides where it lies now."""
        for key, row in self.waiting(docs):
            if period := self.on(self.folder[key[0]], key[2]):
                row.period = period
            else:
                row.why, row.state = why, "stopped" if row.state == "due" else "doubt"

    def switch(self, line: Line, below: list[int], is_on: bool) -> None:
        """`below`: the folder first, then all that lie in it."""
        folder, here = below[0], self.settings.get((below[0], line))
        if is_on and not (here and here[0]):
            for each in below:
                self.settings.pop((each, line), None)
            self.settings[folder, line] = (True, next(self.periods))
        elif not is_on:
            self.settings.pop((folder, line), None)
            if self.on(folder, line):
                self.settings[folder, line] = (False, next(self.periods))
        self.stop_uncovered(self.folder, "switch_off")

    def replace(self, doc: Hashable) -> None:
        """What has not left leaves in its new version; what may have is left alone."""
        rows = sorted((key for key in self.rows if key[0] == doc), key=lambda k: k[1])
        newest = {key[2]: key for key in rows}
        self.version[doc] += 1
        for line, key in newest.items():
            if self.rows[key].state == "due" and not self.rows[key].doubts:
                self.rows[doc, self.version[doc], line] = self.rows.pop(key)

    def connect(self, line: Line, address: str) -> None:
        if line in self.revoked and self.address[line] != address:
            for key, row in self.waiting(self.folder):
                row.asks = row.asks or (key[2] == line and row.state == "due")
        self.address[line] = address
        self.revoked.discard(line)

    def answer(self, lines: Collection[Line], *, may_leave: bool) -> None:
        """A person decides about those that ask."""
        for key, row in self.waiting(self.folder):
            if key[2] in lines and row.asks:
                row.asks = False
                row.state = "due" if may_leave else "stopped"

    def leaving(self) -> set[Key]:
        """Those that must leave with the next run; no other may."""
        return {
            key
            for key, row in self.rows.items()
            if row.state == "due" and not row.asks and key[2] not in self.revoked
            if not row.doubts or row.pinned == self.address[key[2]]
        }

    def after_run(self, seen: Mapping[Key, str]) -> None:
        """What is known of a run that was cut short, or that came to its end."""
        leaving = self.leaving()
        for key, row in self.rows.items():
            now, address = seen.get(key), self.address[key[2]]
            if row.state == "doubt" and now != "doubt":  # one repeat, and only there
                may = not row.why and not row.doubts and row.pinned == address
                row.state, row.doubts = "due" if may else "unknown", row.doubts + 1
            elif row.state == "due" and now in {"left", "doubt"} and key in leaving:
                row.state, row.pinned = now, address
            elif row.state == "due" and now == "unknown" and row.doubts:
                is_kept = row.asks or key[2] in self.revoked or key in leaving
                row.state = row.state if is_kept else now
