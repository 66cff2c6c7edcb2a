"""What the operator sees: the firms, how big they are and their applications.

No document, no client.
"""

import uuid
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select

from app.companies.models import Company
from app.connectors import catalogue
from app.connectors.catalogue import PartnerApp
from app.connectors.models import FirmApp, OwnApp
from app.db import db
from app.firms.hosts import url_of
from app.firms.models import Firm


@dataclass(frozen=True)
class FirmLine:
    firm: Firm
    url: str
    companies: int
    apps: list[str]  # names
    addable: list[PartnerApp]


def firm_lines() -> list[FirmLine]:
    counts = dict(
        db.session.execute(
            select(Company.firm_id, func.count()).group_by(Company.firm_id)
        ).all()
    )
    adopted = _adopted()
    names = _names()
    every_app = sorted(catalogue.everything().values(), key=lambda app: app.name)
    return [
        FirmLine(
            firm,
            url_of(firm),
            counts.get(firm.id, 0),
            [names.get(key, key) for key in adopted[firm.id]],
            [app for app in every_app if app.key not in adopted[firm.id]],
        )
        for firm in db.session.scalars(select(Firm).order_by(Firm.name))
    ]


def _adopted() -> dict[uuid.UUID, list[str]]:
    keys = defaultdict(list)
    for firm_id, key in db.session.execute(
        select(FirmApp.firm_id, FirmApp.app_key).order_by(FirmApp.adopted_at)
    ):
        keys[firm_id].append(key)
    return keys


def _names() -> dict[str, str]:
    names = {key: app.name for key, app in catalogue.everything().items()}
    own = db.session.execute(select(OwnApp.key, OwnApp.name))
    return {**names, **{key: name for key, name in own}}  # noqa: C416 - rows, typed
