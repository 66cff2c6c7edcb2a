"""The companies listed in the panel of an application: found, counted, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_login import current_user
from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import selectinload

from app.companies.finding import company_or_404
from app.companies.models import Company
from app.connectors import bots
from app.connectors.catalogue import PartnerApp
from app.connectors.models import Connection
from app.connectors.panel_rows import CompanyRow, held_of, made, row
from app.db import db
from app.folding import folded, folded_column
from app.typed import searched, whole

A_PAGE = 50


@dataclass(frozen=True)
class Asked:
    q: str
    among: str  # authorised, or all
    page: int


@dataclass(frozen=True)
class Listing:
    asked: Asked
    rows: list[CompanyRow]
    authorised: int  # among those found, as `total`
    total: int

    @property
    def found(self) -> int:
        return self.authorised if self.asked.among == "authorised" else self.total

    @property
    def first(self) -> int:
        return (self.asked.page - 1) * A_PAGE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def has_more(self) -> bool:
        return self.last < self.found


def asked_for(args: Mapping[str, str]) -> Asked:
    return Asked(
        q=searched(args.get("q", ""), 200),
        among="authorised" if args.get("among") == "authorised" else "all",
        page=max(1, whole(args.get("page"), 1)),
    )


def companies(app: PartnerApp, asked: Asked) -> Listing:
    """One page: those that are authorised first, then by name."""
    is_on = Connection.id.is_not(None) & Connection.revoked_at.is_(None)
    found = _found(app, asked.q)
    total, authorised = _counted(found, is_on)
    if asked.among == "authorised":
        found = found.where(is_on)
    page = db.session.execute(
        found.add_columns(Connection)
        .options(selectinload(Connection.destinations))
        .order_by(case((is_on, 0), else_=1), Company.name, Company.id)
        .limit(A_PAGE)
        .offset((asked.page - 1) * A_PAGE)
    ).all()
    held = held_of([connection.id for _company, connection in page if connection])
    written = bots.writing_of(current_user.firm_id, app)
    rows = [
        made(app, company, connection, written, held) for company, connection in page
    ]
    return Listing(asked, rows, authorised, total)


def counted(app: PartnerApp) -> int:
    """How many companies of the person's are authorised."""
    is_on = Connection.id.is_not(None) & Connection.revoked_at.is_(None)
    return _counted(_found(app, ""), is_on)[1]


def _found(app: PartnerApp, q: str) -> Select[Any]:
    wanted = (
        Company.visible_to(current_user)
        .where(Company.archived_at.is_(None))
        .outerjoin(
            Connection,
            and_(Connection.company_id == Company.id, Connection.app_key == app.key),
        )
    )
    if q:
        wanted = wanted.where(
            folded_column(Company.name).contains(folded(q), autoescape=True)
        )
    return wanted


def _counted(found: Select[Any], is_on: ColumnElement[bool]) -> tuple[int, int]:
    inner = found.with_only_columns(
        Company.id, case((is_on, 1), else_=0).label("is_on"), maintain_column_froms=True
    ).subquery()
    total, authorised = db.session.execute(
        select(func.count(), func.sum(inner.c.is_on)).select_from(inner)
    ).one()
    return total, authorised or 0


def chosen(app: PartnerApp, listing: Listing, slug: str | None) -> CompanyRow | None:
    """The company whose steps show: the one asked for (or 404), else the first that is
    authorised and not connected yet, else the first listed."""
    if slug:
        listed = (one for one in listing.rows if one.company.slug == slug)
        return next(listed, None) or row(app, company_or_404(slug))
    return (
        next((one for one in listing.rows if one.is_to_be_connected), None)
        or _beyond(app, listing)
        or next(iter(listing.rows), None)
    )


def _beyond(app: PartnerApp, listing: Listing) -> CompanyRow | None:
    """The first that is to be connected on the other pages."""
    if listing.asked.page == 1 and not listing.has_more:
        return None
    company = db.session.scalar(
        _found(app, listing.asked.q)
        .where(Connection.revoked_at.is_(None), Connection.last_success_at.is_(None))
        .where(Connection.id.is_not(None))
        .order_by(Company.name)
        .limit(1)
    )
    return row(app, company) if company else None
