"""What a person asked to see of the delivery journal, and how the address says it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, case, func

from app.db import id_from
from app.delivery.clock import slot_at
from app.delivery.models import DONE, LEASED, WAITING, Delivery
from app.typed import searched

# What the filter and the counters call the states.
GROUPS: dict[str, tuple[str, ...]] = {
    "sent": DONE,
    "waiting": (*WAITING, *LEASED),
    "held": ("held",),
    "doubt": ("unknown",),
    "refused": ("failed", "bounced"),
    "cancelled": ("cancelled",),
}
PERIODS = {"1": 1, "7": 7, "30": 30, "365": 365}


def ended_at() -> ColumnElement[datetime]:
    """When it left, else when it came to its end: what a provider or a person tells of
    it later is not the run's."""
    left = case((Delivery.state.in_(DONE), Delivery.accepted_at))
    return func.coalesce(left, Delivery.settled_at)


def ended_since(moment: datetime) -> ColumnElement[bool]:
    """By the index of what is told last, since none left later than that."""
    return and_(Delivery.settled_at >= moment, ended_at() >= moment)


@dataclass(frozen=True)
class Filters:
    """What the person asked to see; unknown values are as if nothing was asked."""

    q: str = ""
    days: str = "7"
    company: str = ""  # its slug
    app: str = ""  # its key
    groups: tuple[str, ...] = ()
    run: datetime | None = None  # what was settled in the slot that began then
    after: uuid.UUID | None = None

    @property
    def states(self) -> list[str]:
        return [state for group in self.groups for state in GROUPS[group]]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.q or self.company or self.app or self.groups or self.run)


def filters_from(given: Mapping[str, str], groups: list[str]) -> Filters:
    """From the query of the address; `groups` are all its values of `state`."""
    days = given.get("days", "7")
    return Filters(
        q=searched(given.get("q", ""), 200),
        days=days if days in PERIODS else "7",
        company=searched(given.get("company", ""), 63),
        app=searched(given.get("app", ""), 40),
        groups=tuple(group for group in GROUPS if group in groups),
        run=_run_from(given.get("run", "")),
        after=id_from(given.get("after")),
    )


def _run_from(given: str) -> datetime | None:
    """The slot that the moment lies in; None for what is no moment of some years."""
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        return None
    if not 2000 <= moment.year <= 2200:
        return None
    return slot_at(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
