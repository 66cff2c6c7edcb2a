"""The journal's counters, and its chart of the day: one bar for each run."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from flask_babel import to_user_timezone
from flask_login import current_user
from sqlalchemy import ColumnElement, func, select

from app.companies.models import Company
from app.db import db, utc_now
from app.delivery.clock import next_slot, slot_at
from app.delivery.journal_filters import GROUPS, ended_at, ended_since
from app.delivery.models import DONE, OPEN, Delivery, Tick
from app.delivery.needing import has_no_end_yet
from app.formats import midnight

HOURS = 8
TALLEST = 36  # pixels


@dataclass(frozen=True)
class Counts:
    sent_today: int
    sent_yesterday: int  # until the same time of the day
    waiting: int
    waiting_companies: int
    held: int
    held_reason: str | None  # the most frequent one
    doubt: int
    refused: int


def counts() -> Counts:
    """Of the companies that the person follows; three queries."""
    allowed = Company.visible_to(current_user).with_only_columns(Company.id)
    mine = Delivery.company_id.in_(allowed)
    rows = db.session.execute(
        select(Delivery.state, Delivery.reason, Delivery.company_id, func.count())
        .where(mine, Delivery.state.in_(OPEN), has_no_end_yet())
        .group_by(Delivery.state, Delivery.reason, Delivery.company_id)
    ).all()
    by_state: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for state, reason, _company, number in rows:
        by_state[state] += number
        if state == "held" and reason:
            reasons[reason] += number
    waiting = GROUPS["waiting"]
    now = utc_now()
    today, yesterday = midnight(now), midnight(midnight(now) - timedelta(hours=1))
    return Counts(
        sent_today=_sent(mine, today, now),
        # As far as the clock had come: a day may have 23 hours, or 25.
        sent_yesterday=_sent(mine, yesterday, _same_time(now, yesterday)),
        waiting=sum(by_state[state] for state in waiting),
        waiting_companies=len({row[2] for row in rows if row[0] in waiting}),
        held=by_state["held"],
        held_reason=reasons.most_common(1)[0][0] if reasons else None,
        doubt=by_state["unknown"],
        refused=by_state["failed"] + by_state["bounced"],
    )


def _same_time(now: datetime, day: datetime) -> datetime:
    """When the clock on the wall showed that of now, on the local day that begins."""
    local = to_user_timezone(now)
    return midnight(day, hour=local.hour, minute=local.minute, second=local.second)


def _sent(mine: ColumnElement[bool], since: datetime, until: datetime) -> int:
    number = db.session.scalar(
        select(func.count())
        .select_from(Delivery)
        .where(
            mine,
            Delivery.state.in_(DONE),
            ended_since(since),
            ended_at() < until,
        )
    )
    return number or 0


@dataclass(frozen=True)
class Bar:
    """One run: what left and what was refused; heights in pixels."""

    at: datetime
    sent: int
    refused: int
    is_missed: bool
    is_to_come: bool
    sent_height: int
    refused_height: int

    @property
    def is_full_hour(self) -> bool:
        """Every second hour of the day is written below."""
        local: datetime = to_user_timezone(self.at)
        return local.minute == 0 and local.hour % 2 == 0


def bars() -> list[Bar]:
    """The last eight hours and the next one, oldest first; two queries."""
    now = utc_now()
    step = timedelta(minutes=int(current_app.config["TICK_MINUTES"]))
    first = slot_at(now - timedelta(hours=HOURS))
    slots = [first + step * n for n in range(int((now - first) / step) + 1)]
    sent, refused = _by_slot(first)
    ran = set(db.session.scalars(select(Tick.slot).where(Tick.slot >= first)))
    began = min(ran, default=now)
    most = max([sent[s] + refused[s] for s in slots], default=0) or 1
    past = [
        Bar(
            at=slot,
            sent=sent[slot],
            refused=refused[slot],
            is_missed=slot > began and slot not in ran and slot != slots[-1],
            is_to_come=False,
            sent_height=_height(sent[slot], most),
            refused_height=_height(refused[slot], most),
        )
        for slot in slots
    ]
    ahead = [next_slot(now) + step * n for n in range(4)]
    return past + [Bar(slot, 0, 0, False, True, 0, 0) for slot in ahead]


def _height(number: int, most: int) -> int:
    return max(3, round(TALLEST * number / most)) if number else 0


def _by_slot(since: datetime) -> tuple[Counter[datetime], Counter[datetime]]:
    """Of the person's companies: how many left, and were refused, in each slot."""
    allowed = Company.visible_to(current_user).with_only_columns(Company.id)
    rows = db.session.execute(
        select(Delivery.state, ended_at()).where(
            Delivery.company_id.in_(allowed),
            ended_since(since),
            Delivery.state.in_((*DONE, *GROUPS["refused"])),
        )
    )
    sent: Counter[datetime] = Counter()
    refused: Counter[datetime] = Counter()
    for state, at in rows:
        (sent if state in DONE else refused)[slot_at(at or since)] += 1
    return sent, refused
