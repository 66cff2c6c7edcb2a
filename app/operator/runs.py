"""How the automaton is doing over all firms: numbers, no company and no document."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.db import database_now, db
from app.delivery.models import BLOCKED, WAITING, Delivery, Tick

SHOWN = 96  # a day of quarters of an hour
MONTHS = 6


@dataclass(frozen=True)
class Health:
    waiting: int
    oldest_due: datetime | None  # what should have left longest ago
    blocked: int
    repeats: list[tuple[str, int]]  # («2026-11», deliveries that may have come twice)
    runs: list[Tick]


def health() -> Health:
    """Four queries."""
    waiting, oldest = db.session.execute(
        select(func.count(), func.min(Delivery.not_before)).where(
            Delivery.state.in_(WAITING)
        )
    ).one()
    blocked = db.session.scalar(
        select(func.count()).select_from(Delivery).where(Delivery.state.in_(BLOCKED))
    )
    runs = db.session.scalars(select(Tick).order_by(Tick.slot.desc()).limit(SHOWN))
    is_late = oldest is not None and oldest <= database_now()
    return Health(
        waiting=waiting,
        oldest_due=oldest if is_late else None,
        blocked=blocked or 0,
        repeats=_repeats(),
        runs=list(runs),
    )


def _repeats() -> list[tuple[str, int]]:
    """Final dots that went unanswered, by month, newest first."""
    year = func.extract("year", Delivery.created_at)
    month = func.extract("month", Delivery.created_at)
    rows = db.session.execute(
        select(year, month, func.count())
        .where(Delivery.ambiguous > 0)
        .group_by(year, month)
        .order_by(year.desc(), month.desc())
        .limit(MONTHS)
    )
    return [(f"{int(y)}-{int(m):02d}", number) for y, m, number in rows]
