"""What did not leave and waits for a person, counted by company and reason; and what
was called off as a consequence of something else. For the dashboard and the digest.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from app.companies.models import Company
from app.db import db
from app.delivery.badges import reason_text
from app.delivery.models import Delivery
from app.delivery.needing import is_followed, needs_a_person
from app.delivery.proof import cancel_text
from app.texts import gettext as _

# Called off by something that was done to the folder or the document. What a person
# called off, or a newer version replaced, needs no word.
CONSEQUENCES = ("switch_off", "moved_out", "trashed", "rejected")


@dataclass(frozen=True)
class Group:
    """Documents of one company that are kept back for one reason, as a reader knows it:
    a refusal at once and one by a mail that came back are the same."""

    slug: str
    company: str
    state: str
    why: str
    number: int
    oldest: datetime


def blocked(*which: ColumnElement[bool]) -> list[Group]:
    """Those that wait for longest first."""
    return _groups(Delivery.created_at, needs_a_person(), *which)


def not_sent(
    since: datetime, until: datetime, *which: ColumnElement[bool]
) -> list[Group]:
    """Called off in between as a consequence, and not sent since; what was called off
    first, first."""
    return _groups(
        Delivery.settled_at,
        Delivery.state == "cancelled",
        ~is_followed(),
        Delivery.reason.in_(CONSEQUENCES),
        Delivery.settled_at >= since,
        Delivery.settled_at < until,
        *which,
    )


def of_firm(firm_id: uuid.UUID) -> ColumnElement[bool]:
    """Of its companies that are not archived, as its dashboard shows them."""
    return (Delivery.firm_id == firm_id) & Company.archived_at.is_(None)


def _groups(
    at: ColumnElement[datetime] | InstrumentedAttribute[Any],
    *which: ColumnElement[bool],
) -> list[Group]:
    oldest = func.min(at)
    rows = db.session.execute(
        select(
            *(Company.slug, Company.name, Delivery.state, Delivery.reason),
            func.count(),
            oldest,
        )
        .join(Company, Company.id == Delivery.company_id)
        .where(*which)
        .group_by(Company.slug, Company.name, Delivery.state, Delivery.reason)
        .order_by(oldest)
    )
    groups: dict[tuple[str, str, bool], Group] = {}
    for slug, name, state, reason, number, at_first in rows:
        why = why_text(state, reason)
        key = (slug, why, state == "held")
        known = groups.get(key)
        groups[key] = (
            replace(known, number=known.number + number)
            if known
            else Group(slug, name, state, why, number, at_first)
        )
    return list(groups.values())


def why_text(state: str, reason: str | None) -> str:
    """The reason in a few words."""
    if state == "unknown":
        return _("uncertain")
    if state == "bounced" or (state, reason) == ("failed", "refused"):
        return _("refused by the tool")
    return cancel_text(reason) if state == "cancelled" else reason_text(reason)
