"""What the pages of applications show: cards, companies and their addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from app.companies.models import Company
from app.connectors import apps, bots
from app.connectors.catalogue import PartnerApp
from app.connectors.connecting import connection_of
from app.connectors.models import Connection, FirmApp
from app.db import db
from app.delivery.badges import Badge
from app.texts import gettext as _

A_PAGE = 50


@dataclass(frozen=True)
class Card:
    app: PartnerApp
    companies: int


@dataclass(frozen=True)
class CompanyRow:
    company: Company
    is_authorised: bool
    bot_address: str
    addresses: dict[str, str]  # slot → address, or what was typed and refused
    badge: Badge
    refusal: str
    last_success_at: datetime | None


@dataclass(frozen=True)
class Listing:
    rows: list[CompanyRow]
    q: str
    page: int
    has_more: bool


def cards() -> list[Card]:
    """The applications of the firm, with how many companies each one serves."""
    counts = dict(
        db.session.execute(
            select(Connection.app_key, func.count())
            .where(Connection.revoked_at.is_(None))
            .group_by(Connection.app_key)
        ).all()
    )
    keys = db.session.scalars(select(FirmApp.app_key).order_by(FirmApp.adopted_at))
    found = [app for key in keys if (app := apps.find(key))]
    return [Card(app, counts.get(app.key, 0)) for app in found]


def companies(app: PartnerApp, q: str, page: str | None) -> Listing:
    number = int(page) if page and page.isdecimal() else 1
    wanted = Company.visible_to(current_user).where(Company.archived_at.is_(None))
    if q.strip():
        wanted = wanted.where(Company.name.icontains(q.strip(), autoescape=True))
    found = db.session.scalars(
        wanted.order_by(Company.name).limit(A_PAGE + 1).offset((number - 1) * A_PAGE)
    ).all()
    connections = {
        connection.company_id: connection
        for connection in db.session.scalars(
            select(Connection)
            .options(selectinload(Connection.destinations))
            .where(
                Connection.app_key == app.key,
                Connection.company_id.in_([company.id for company in found]),
            )
        )
    }
    separator = bots.separator_of(current_user.firm_id, app)
    rows = [
        _row(app, company, connections.get(company.id), None, separator)
        for company in found[:A_PAGE]
    ]
    return Listing(rows, q, number, len(found) > A_PAGE)


def row(
    app: PartnerApp, company: Company, typed: Mapping[str, str] | None = None
) -> CompanyRow:
    separator = bots.separator_of(company.firm_id, app)
    return _row(app, company, connection_of(company, app.key), typed, separator)


def _row(
    app: PartnerApp,
    company: Company,
    connection: Connection | None,
    typed: Mapping[str, str] | None,
    separator: str,
) -> CompanyRow:
    addresses = (
        {d.slot: d.address for d in connection.destinations} if connection else {}
    )
    if typed is not None:
        addresses |= {
            slot.key: typed[f"destination_{slot.key}"]
            for slot in app.slots
            if f"destination_{slot.key}" in typed
        }
    is_authorised = bool(connection and connection.is_authorised)
    refused = connection.refused if connection else None
    return CompanyRow(
        company=company,
        is_authorised=is_authorised or (typed is not None and "authorised" in typed),
        bot_address=connection.bot_address
        if connection
        else bots.address_of(company, app, separator),
        addresses=addresses,
        badge=_badge(connection),
        refusal=(refused.refusal or "") if refused else "",
        last_success_at=connection.last_success_at if connection else None,
    )


def _badge(connection: Connection | None) -> Badge:
    if connection is None or not connection.is_authorised:
        return Badge("off", _("Not authorised"), "mute", "circle-x")
    if connection.refused:
        return Badge("refused", _("Address refused"), "bad", "circle-x")
    if not connection.destinations:
        return Badge("missing", _("Address missing"), "warn", "alert-triangle")
    if connection.last_success_at is None:
        return Badge("waiting", _("Waiting for activation"), "info", "clock")
    return Badge("connected", _("Connected"), "ok", "circle-check")
