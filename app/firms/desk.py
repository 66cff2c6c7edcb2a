"""The firm's first page: its companies, those that need somebody first."""

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from flask_login import current_user
from sqlalchemy import ColumnElement, Select, Subquery, case, func, select

from app.activity.feed import FeedLine, feed
from app.activity.models import Entry
from app.companies.models import Company
from app.db import db, utc_now
from app.delivery import blocked
from app.delivery.blocked import Group
from app.delivery.models import BLOCKED, WAITING, Delivery
from app.delivery.needing import needs_a_person
from app.folding import folded, folded_column
from app.library.models import Document
from app.mentions.unread import Call, unread_of_staff
from app.people.models import Membership, Person
from app.typed import searched

MOST_LINES = 100
MOST_GROUPS = 8
LATELY = timedelta(days=7)
SCOPES = ("mine", "all", "todo")


@dataclass(frozen=True)
class Wanted:
    """What the person asked to see; unknown values are as if nothing was asked."""

    q: str = ""
    scope: str = "all"

    def query(self) -> dict[str, str]:
        """The query string that asks for it, without defaults."""
        scope = {"show": self.scope} if self.scope != "all" else {}
        return scope | ({"q": self.q} if self.q else {})


def wanted_from(given: Mapping[str, str]) -> Wanted:
    scope = given.get("show", "all")
    return Wanted(
        searched(given.get("q", ""), 100),
        scope if scope in SCOPES else "all",
    )


@dataclass(frozen=True)
class CompanyLine:
    company: Company
    url: str
    last_deposit_at: datetime | None
    waiting: int
    blocked: int
    followers: list[Person]


@dataclass(frozen=True)
class Figures:
    """Of every company that the person follows."""

    companies: int
    mine: int  # assigned to the person
    waiting: int
    waiting_in: int
    blocked: int
    blocked_in: int


@dataclass(frozen=True)
class Desk:
    wanted: Wanted
    figures: Figures
    lines: list[CompanyLine]
    has_more: bool
    todo: list[Group]
    not_sent: list[Group]
    feed: list[FeedLine]
    calls: list[Call]


def desk(wanted: Wanted) -> Desk:
    """Eight queries, however many companies there are."""
    lines = company_lines(wanted)
    mine = _followed().with_only_columns(Company.id)
    now = utc_now()
    of_mine = Delivery.company_id.in_(mine)
    return Desk(
        wanted=wanted,
        figures=_figures(),
        lines=lines[:MOST_LINES],
        has_more=len(lines) > MOST_LINES,
        todo=blocked.blocked(of_mine)[:MOST_GROUPS],
        not_sent=blocked.not_sent(now - LATELY, now, of_mine)[:MOST_GROUPS],
        feed=feed(Entry.company_id.in_(mine)),
        calls=unread_of_staff(current_user),
    )


def _followed() -> Select[Company]:
    return Company.visible_to(current_user).where(Company.archived_at.is_(None))


def company_lines(wanted: Wanted) -> list[CompanyLine]:
    """One more than is shown, when there are more."""
    counts = _counts()
    found = (
        _followed()
        .outerjoin(counts, counts.c.company_id == Company.id)
        .add_columns(
            func.coalesce(counts.c.waiting, 0), func.coalesce(counts.c.blocked, 0)
        )
        .order_by(func.coalesce(counts.c.blocked, 0).desc(), Company.name, Company.id)
        .limit(MOST_LINES + 1)
    )
    if wanted.scope == "mine":
        found = found.where(Company.id.in_(_assigned()))
    if wanted.scope == "todo":
        found = found.where(counts.c.blocked > 0)
    if wanted.q:
        found = found.where(_is_called(wanted.q))
    rows = db.session.execute(found).all()
    ids = [row[0].id for row in rows]
    last, followers = _last_deposits(ids), _followers(ids)
    return [
        CompanyLine(
            company=company,
            url=url_for("library.root", slug=company.slug),
            last_deposit_at=last.get(company.id),
            waiting=waiting,
            blocked=number,
            followers=followers[company.id],
        )
        for company, waiting, number in rows
    ]


def _is_called(q: str) -> ColumnElement[bool]:
    """By its name, without accents nor case, or by the first figures of its SIREN."""
    digits = "".join(q.split())
    by_name = folded_column(Company.name).contains(folded(q), autoescape=True)
    if not digits.isdecimal():
        return by_name
    return by_name | Company.siren.startswith(digits, autoescape=True)


def _counts() -> Subquery:
    def of(states: tuple[str, ...]) -> Any:
        return func.sum(case((Delivery.state.in_(states), 1), else_=0))

    return (
        select(
            Delivery.company_id,
            of(WAITING).label("waiting"),
            of(BLOCKED).label("blocked"),
        )
        .where(Delivery.state.in_(WAITING) | needs_a_person())
        .group_by(Delivery.company_id)
        .subquery("counts")
    )


def _figures() -> Figures:
    counts = _counts()
    is_mine = Company.id.in_(_assigned())
    row = db.session.execute(
        _followed()
        .outerjoin(counts, counts.c.company_id == Company.id)
        .with_only_columns(
            func.count(),
            func.coalesce(func.sum(case((is_mine, 1), else_=0)), 0),
            func.coalesce(func.sum(counts.c.waiting), 0),
            func.coalesce(func.sum(case((counts.c.waiting > 0, 1), else_=0)), 0),
            func.coalesce(func.sum(counts.c.blocked), 0),
            func.coalesce(func.sum(case((counts.c.blocked > 0, 1), else_=0)), 0),
        )
    ).one()
    return Figures(*(int(number) for number in row))


def _assigned() -> Select[uuid.UUID]:
    return select(Membership.company_id).where(Membership.person_id == current_user.id)


def _last_deposits(ids: list[uuid.UUID]) -> dict[uuid.UUID, datetime]:
    rows = db.session.execute(
        select(Document.company_id, func.max(Document.arrived_at))
        .where(Document.company_id.in_(ids))
        .group_by(Document.company_id)
    )
    return {row[0]: row[1] for row in rows}


def _followers(ids: list[uuid.UUID]) -> dict[uuid.UUID, list[Person]]:
    """The staff that each is assigned to."""
    found: dict[uuid.UUID, list[Person]] = defaultdict(list)
    for company_id, person in db.session.execute(
        select(Membership.company_id, Person)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.company_id.in_(ids),
            Membership.role == "staff",
            Person.disabled_at.is_(None),
        )
        .order_by(Person.name)
    ):
        found[company_id].append(person)
    return found
