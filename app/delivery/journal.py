"""The delivery journal: what left, what waits, what needs a person, line by line."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask import url_for
from flask_login import current_user
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from app.companies.models import Company
from app.connectors import apps
from app.connectors.catalogue import PartnerApp
from app.connectors.models import Connection
from app.db import db, utc_now
from app.delivery.badges import Badge, delivery_badge
from app.delivery.clock import next_slot
from app.delivery.journal_filters import (
    GROUPS,
    PERIODS,
    Filters,
    ended_at,
    ended_since,
)
from app.delivery.models import Delivery
from app.delivery.needing import that_need_a_person
from app.folding import folded, folded_column
from app.library.kinds import kind_of
from app.library.models import Document

A_PAGE = 50
A_BATCH = 500
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Line:
    delivery: Delivery
    company: Company
    document: Document
    app: PartnerApp | None
    app_name: str
    badge: Badge
    destination: str  # where it went, or would go now
    url: str
    needs_a_person: bool

    @property
    def id(self) -> uuid.UUID:
        return self.delivery.id

    @property
    def kind(self) -> str:
        return kind_of(self.document.content_type)

    @property
    def next_step(self) -> str | None:
        """What a person is asked for: to send it again, to check, or to decide."""
        if not self.needs_a_person:
            return None
        steps = {"held": "decide", "unknown": "check"}
        is_archived = self.company.archived_at is not None
        again = "decide" if is_archived else "resend"
        steps |= dict.fromkeys(GROUPS["refused"], again)
        return steps.get(self.delivery.state)


@dataclass(frozen=True)
class Journal:
    lines: list[Line]
    total: int
    total_is_floor: bool
    next_after: uuid.UUID | None


def journal(filters: Filters) -> Journal:
    """A page of it, newest first; four queries, whatever is in it."""
    wanted = chosen(filters)
    page = wanted.order_by(Delivery.id.desc()).limit(A_PAGE + 1)
    if filters.after:
        page = page.where(Delivery.id < filters.after)
    found = db.session.scalars(page).unique().all()
    ids = wanted.with_only_columns(Delivery.id).order_by(None)
    counted = ids.limit(MOST_COUNTED + 1).subquery()
    total = db.session.scalar(select(func.count()).select_from(counted)) or 0
    asking = that_need_a_person(found)
    return Journal(
        lines=[line_of(one, asks=one.id in asking) for one in found[:A_PAGE]],
        total=min(total, MOST_COUNTED),
        total_is_floor=total > MOST_COUNTED,
        next_after=found[A_PAGE - 1].id if len(found) > A_PAGE else None,
    )


def everything(filters: Filters) -> Iterator[Line]:
    """All lines of it, newest first. No transaction is open while one is on its way."""
    after = None
    while True:
        page = chosen(filters).order_by(Delivery.id.desc()).limit(A_BATCH)
        if after:
            page = page.where(Delivery.id < after)
        lines = [line_of(one) for one in db.session.scalars(page).unique()]
        db.session.commit()
        yield from lines
        if len(lines) < A_BATCH:
            return
        after = lines[-1].id
        db.session.expunge_all()


def chosen(filters: Filters) -> Select[Delivery]:
    """The deliveries that the person may see and asked for, with what a line shows."""
    wanted = (
        visible()
        .join(Document, Document.id == Delivery.document_id)
        .options(
            contains_eager(Delivery.document),
            joinedload(Delivery.connection).selectinload(Connection.destinations),
        )
        .where(Delivery.created_at >= utc_now() - timedelta(days=PERIODS[filters.days]))
    )
    if filters.states:
        wanted = wanted.where(Delivery.state.in_(filters.states))
    if filters.company:
        wanted = wanted.where(Company.slug == filters.company)
    if filters.app:
        connections = select(Connection.id).where(Connection.app_key == filters.app)
        wanted = wanted.where(Delivery.connection_id.in_(connections))
    if filters.run:
        wanted = wanted.where(
            ended_since(filters.run),
            ended_at() < next_slot(filters.run),
        )
    if filters.q:
        wanted = wanted.where(
            or_(
                folded_column(Document.name).contains(
                    folded(filters.q), autoescape=True
                ),
                Delivery.destination.icontains(filters.q, autoescape=True),
                Delivery.message_id.icontains(filters.q, autoescape=True),
            )
        )
    return wanted


def visible() -> Select[Delivery]:
    """The deliveries of the companies that the person follows, joined to them."""
    allowed = Company.visible_to(current_user).with_only_columns(Company.id)
    return (
        select(Delivery)
        .join(Company, Company.id == Delivery.company_id)
        .options(contains_eager(Delivery.company))
        .where(Delivery.company_id.in_(allowed))
    )


def line_of(delivery: Delivery, *, asks: bool = False) -> Line:
    """`asks`: it needs a person."""
    app = apps.find(delivery.connection.app_key)
    slot = app.slot(delivery.slot) if app else None
    now = delivery.connection.destination_for(delivery.slot)
    return Line(
        delivery=delivery,
        company=delivery.company,
        document=delivery.document,
        app=app,
        app_name=app.label(slot) if app and slot else delivery.connection.app_key,
        badge=delivery_badge(delivery),
        destination=delivery.destination or (now.address if now else ""),
        url=url_for("journal.show", delivery_id=delivery.id),
        needs_a_person=asks,
    )


@dataclass(frozen=True)
class Choices:
    """What the filters offer."""

    companies: list[Company]
    apps: list[PartnerApp]


def choices() -> Choices:
    companies = db.session.scalars(
        Company.visible_to(current_user).order_by(Company.name).limit(2000)
    ).all()
    keys = db.session.scalars(
        select(Connection.app_key).distinct().order_by(Connection.app_key)
    ).all()
    return Choices(list(companies), [app for key in keys if (app := apps.find(key))])
