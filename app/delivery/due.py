"""What may leave now: the one place where that is said in the database's words."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists
from sqlalchemy.orm import InstrumentedAttribute

from app.companies.models import Company
from app.connectors.models import Connection, Destination
from app.delivery.models import WAITING, Delivery
from app.firms.models import Firm


def one_of(
    column: InstrumentedAttribute[str], values: Sequence[str]
) -> ColumnElement[bool]:
    """IN, with the values written out: else the partial indexes would not be used."""
    return column.in_(bindparam(None, values, expanding=True, literal_execute=True))


def is_refused() -> ColumnElement[bool]:
    """Whether the server refused the address that the delivery would go to."""
    return _at(Destination.refused_at.is_not(None))


def goes_to(addresses: Collection[str]) -> ColumnElement[bool]:
    """Whether it would go to one of these now."""
    return _at(Destination.address.in_(addresses))


def _at(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        Destination.connection_id == Delivery.connection_id,
        Destination.slot == Delivery.slot,
        *which,
    )


def only_due(
    wanted: Select[*tuple[Any, ...]],
    now: datetime | ColumnElement[datetime],
    company_id: uuid.UUID | None = None,
) -> Select[*tuple[Any, ...]]:
    """Of the deliveries selected, those that may leave now (of one company)."""
    wanted = (
        wanted.join(Connection, Connection.id == Delivery.connection_id)
        .join(Company, Company.id == Delivery.company_id)
        .join(Firm, Firm.id == Delivery.firm_id)
        .where(
            one_of(Delivery.state, WAITING),
            Delivery.not_before <= now,
            Connection.revoked_at.is_(None),
            ~is_refused(),
            Company.archived_at.is_(None),
            Firm.suspended_at.is_(None),
        )
    )
    return (
        wanted
        if company_id is None
        else wanted.where(Delivery.company_id == company_id)
    )
