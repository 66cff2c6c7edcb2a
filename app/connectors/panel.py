"""What the pages of applications show of each one: its card, and what waits."""

from dataclasses import dataclass

from sqlalchemy import func, select

from app.companies.models import Company
from app.connectors import apps
from app.connectors.catalogue import PartnerApp
from app.connectors.models import Connection, FirmApp
from app.db import database_now, db
from app.delivery.models import WAITING, Delivery


@dataclass(frozen=True)
class Card:
    app: PartnerApp
    companies: int


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


def waiting(company: Company) -> int:
    """Documents of the company that a run would send now."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Delivery)
            .where(
                Delivery.company_id == company.id,
                Delivery.state.in_(WAITING),
                Delivery.not_before <= database_now(),
            )
        )
        or 0
    )
