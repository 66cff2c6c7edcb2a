"""How the automaton is doing over all firms: numbers, no company and no document."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.db import database_now, db
from app.delivery.models import DONE, WAITING, Delivery, Outage, Tick, Trouble
from app.delivery.needing import needs_a_person
from app.delivery.troubles import MOST
from app.formats import midnight

SHOWN = 96  # a day of quarters of an hour
MONTHS = 6
A_MONTH = timedelta(days=30)
MOST_LINES = 20


@dataclass(frozen=True)
class Month:
    name: str  # «2026-11»
    repeats: int  # deliveries that may have come twice
    sent: int


@dataclass(frozen=True)
class Quiet:
    """An address that does not answer, of which the operator sees the domain."""

    domain: str
    failures: int
    since: datetime
    retry_at: datetime
    said: str


@dataclass(frozen=True)
class Health:
    waiting: int
    oldest_waiting: datetime | None  # when it was asked for
    oldest_due: datetime | None  # what should have left longest ago
    blocked: int
    months: list[Month]
    outages: list[Outage]
    quiet: list[Quiet]
    runs: list[Tick]


def health() -> Health:
    """Six queries, of which one reads the deliveries of half a year."""
    waiting, due, asked = db.session.execute(
        select(
            func.count(), func.min(Delivery.not_before), func.min(Delivery.created_at)
        ).where(Delivery.state.in_(WAITING))
    ).one()
    blocked = db.session.scalar(
        select(func.count()).select_from(Delivery).where(needs_a_person())
    )
    runs = db.session.scalars(select(Tick).order_by(Tick.slot.desc()).limit(SHOWN))
    now = database_now()
    return Health(
        waiting=waiting,
        oldest_waiting=asked,
        oldest_due=due if due is not None and due <= now else None,
        blocked=blocked or 0,
        months=_months(now),
        outages=_outages(now),
        quiet=_quiet(),
        runs=list(runs),
    )


def _months(now: datetime) -> list[Month]:
    """Newest first; a final dot that went unanswered may have been a copy."""
    year = func.extract("year", Delivery.created_at)
    month = func.extract("month", Delivery.created_at)
    rows = db.session.execute(
        select(
            year,
            month,
            func.count().filter(Delivery.ambiguous > 0),
            func.count().filter(Delivery.state.in_((*DONE, "bounced", "unknown"))),
        )
        .where(Delivery.created_at >= midnight(now - (MONTHS - 1) * A_MONTH, day=1))
        .group_by(year, month)
        .order_by(year.desc(), month.desc())
        .limit(MONTHS)
    )
    return [Month(f"{int(y)}-{int(m):02d}", twice, sent) for y, m, twice, sent in rows]


def _outages(now: datetime) -> list[Outage]:
    """Those of a month, newest first."""
    is_recent = Outage.ended_at.is_(None) | (Outage.began_at > now - A_MONTH)
    found = db.session.scalars(
        select(Outage)
        .where(is_recent)
        .order_by(Outage.began_at.desc())
        .limit(MOST_LINES)
    )
    return list(found)


def _quiet() -> list[Quiet]:
    found = db.session.scalars(
        select(Trouble)
        .where(Trouble.failures >= MOST)
        .order_by(Trouble.since)
        .limit(MOST_LINES)
    )
    return [
        Quiet(
            domain=one.address.rpartition("@")[2],
            failures=one.failures,
            since=one.since,
            retry_at=one.retry_at,
            said=re.sub(r"[^\s<@]+@", "…@", one.said),
        )
        for one in found
    ]
