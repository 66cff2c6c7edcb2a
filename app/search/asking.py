"""What a person asks the search for, and how the address says it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from app.db import id_from
from app.delivery.journal_filters import GROUPS
from app.folding import words
from app.library.models import STATUSES
from app.search.indexing import LONGEST_WORD
from app.typed import searched

LONGEST = 500  # letters that are read of what was typed
MOST_WORDS = 12


@dataclass(frozen=True)
class Asked:
    """What is unknown in an address counts as not given."""

    q: str = ""
    company: str = ""  # its slug
    folder: uuid.UUID | None = None
    since: date | None = None
    until: date | None = None  # inclusive
    by: str = ""  # a part of the depositor's name
    status: str = ""
    after: uuid.UUID | None = None

    @property
    def words(self) -> list[str]:
        """Each must be the beginning of a word that is found; signs mean nothing."""
        return [word[:LONGEST_WORD] for word in words(self.q)][:MOST_WORDS]

    @property
    def is_narrowed(self) -> bool:
        return self != replace(Asked(), q=self.q, after=self.after)

    def query(self, **changes: Any) -> dict[str, str]:
        """The query string of the same page with these changes, without defaults."""
        after = replace(self, **{"after": None, **changes})
        return {name: str(value) for name, value in vars(after).items() if value}


def asked_from(args: Mapping[str, str], *, firm_side: bool) -> Asked:
    status = args.get("status", "")
    return Asked(
        q=searched(args.get("q", ""), LONGEST),
        company=searched(args.get("company", ""), 63),
        folder=id_from(args.get("folder")),
        since=_day(args.get("since", "")),
        until=_day(args.get("until", "")),
        by=searched(args.get("by", ""), 100),
        status=status if status in statuses(firm_side) else "",
        after=id_from(args.get("after")),
    )


def statuses(firm_side: bool) -> tuple[str, ...]:
    """A client's are those of the document alone."""
    return (*STATUSES, *(f"to-{group}" for group in GROUPS)) if firm_side else STATUSES


def _day(given: str) -> date | None:
    try:
        day = date.fromisoformat(given)
    except ValueError:
        return None
    return day if 1900 < day.year < 2200 else None
