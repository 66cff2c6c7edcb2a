"""What the operator sees: the firms and how big they are. No document, no client."""

from dataclasses import dataclass

from sqlalchemy import func, select

from app.companies.models import Company
from app.db import db
from app.firms.hosts import url_of
from app.firms.models import Firm


@dataclass(frozen=True)
class FirmLine:
    firm: Firm
    url: str
    companies: int


def firm_lines() -> list[FirmLine]:
    counts = dict(
        db.session.execute(
            select(Company.firm_id, func.count()).group_by(Company.firm_id)
        ).all()
    )
    return [
        FirmLine(firm, url_of(firm), counts.get(firm.id, 0))
        for firm in db.session.scalars(select(Firm).order_by(Firm.name))
    ]
