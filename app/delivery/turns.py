"""Whose turn it is: firms take turns, and within a firm its companies do.

The order is looked up for some hundreds of messages, or some seconds, at a time: with
ten thousand due, looking at each claim would cost more than a tenth of the sending.
"""

import time
import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, select

from app.db import db
from app.delivery.ceilings import remaining
from app.delivery.due import goes_to, only_due
from app.delivery.models import Delivery, Trouble
from app.locks import try_locks

AHEAD = 500
SECONDS = 5.0  # what is deposited meanwhile has its turn after them at the latest
NO_LIMIT = 2**31 - 1


class Turns:
    """The next ones of a run, in their order; of one company when it is given."""

    def __init__(self, company_id: uuid.UUID | None = None) -> None:
        self.company_id = company_id
        self.ahead: list[Row[Any]] = []
        self.limits: dict[uuid.UUID, int] = {}
        self.troubles: dict[str, Trouble] = {}  # as they were at the last claim
        self.looked_at = 0.0

    def is_old(self) -> bool:
        return not self.ahead or time.monotonic() - self.looked_at > SECONDS

    def look(self, now: datetime, left_alone: Collection[str]) -> None:
        """See what is due; the caller commits."""
        self.limits = remaining()
        wanted = _in_turns(now, self.company_id, self.limits, left_alone)
        self.ahead = list(db.session.execute(wanted.limit(AHEAD)))
        self.looked_at = time.monotonic()

    def take(self, most: int) -> list[uuid.UUID]:
        """The next ids. One that a worker was lost with comes last, and alone."""
        many = most if self.ahead and not self.ahead[0].lapses else 1
        here = [row for row in self.ahead[:many] if many == 1 or not row.lapses]
        del self.ahead[: len(here)]
        limited = {row.connection_id for row in here} & self.limits.keys()
        left = dict.fromkeys(limited, 0)  # where another worker is counting just now
        if ours := try_locks(limited):
            left |= remaining(ours)
        taken = []
        for row in here:
            left[row.connection_id] = left.get(row.connection_id, NO_LIMIT) - 1
            if left[row.connection_id] >= 0:
                taken.append(row.id)
        return taken


def _in_turns(
    now: datetime,
    company_id: uuid.UUID | None,
    limits: dict[uuid.UUID, int],
    left_alone: Collection[str],
) -> Any:
    """The first one of every company of every firm, and so on: the firms' first ones
    before any firm's second one."""
    first = (Delivery.not_before, Delivery.id)
    due = only_due(
        select(
            *(Delivery.id, Delivery.firm_id, Delivery.connection_id),
            *(Delivery.lapses, Delivery.not_before),
            func.row_number()
            .over(partition_by=Delivery.company_id, order_by=first)
            .label("turn"),
            *_nth_of_connection(limits),
        ),
        now,
        company_id,
    )
    if left_alone:
        due = due.where(~goes_to(left_alone))
    of_company = due.subquery("of_company")
    row = of_company.c
    of_firm = (
        select(
            *(row.id, row.connection_id, row.lapses, row.not_before),
            func.row_number()
            .over(partition_by=row.firm_id, order_by=(row.turn, row.not_before, row.id))
            .label("turn"),
        )
        .where(*([row.nth <= row.most] if limits else []))
        .subquery("of_firm")
    )
    row = of_firm.c
    return select(row.id, row.connection_id, row.lapses).order_by(
        row.lapses > 0, row.turn, row.not_before, row.id
    )


def _nth_of_connection(limits: dict[uuid.UUID, int]) -> list[ColumnElement[int]]:
    """Its place among its connection's, and how many of those may leave now."""
    if not limits:
        return []
    place = func.row_number().over(
        partition_by=Delivery.connection_id,
        order_by=(Delivery.not_before, Delivery.id),
    )
    most = case(limits, value=Delivery.connection_id, else_=NO_LIMIT)
    return [place.label("nth"), most.label("most")]
