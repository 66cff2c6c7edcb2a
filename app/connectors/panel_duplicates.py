"""«Doublons exacts»: the connections that hold what has the bytes of an earlier
document, until a person decides."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from app.activity.recording import record
from app.companies.models import Company
from app.connectors.catalogue import PartnerApp
from app.connectors.models import Connection
from app.db import db
from app.people.models import Person


@dataclass(frozen=True)
class Choice:
    connection_id: uuid.UUID
    company: str
    holds_duplicates: bool


def choices(app: PartnerApp, person: Person) -> list[Choice]:
    """The authorised companies that the person sees, by name."""
    seen = Company.visible_to(person).with_only_columns(Company.id)
    found = db.session.scalars(
        select(Connection)
        .join(Company)
        .where(
            Connection.app_key == app.key,
            Connection.revoked_at.is_(None),
            Connection.company_id.in_(seen),
        )
        .options(joinedload(Connection.company))
        .order_by(Company.name, Connection.id)
    )
    return [Choice(row.id, row.company.name, row.holds_duplicates) for row in found]


def choose(app: PartnerApp, holding: Collection[uuid.UUID], *, by: Person) -> int:
    """These hold exact duplicates, the others of the application do not; gives how many
    changed. What is held already stays so until a person decides. The caller commits.
    """
    changed = 0
    for one in choices(app, by):
        wanted = one.connection_id in holding
        if one.holds_duplicates != wanted:
            changed += _change(app, one.connection_id, wanted, by)
    return changed


def _change(
    app: PartnerApp, connection_id: uuid.UUID, wanted: bool, by: Person
) -> bool:
    found = db.session.execute(
        update(Connection)
        .where(
            Connection.id == connection_id, Connection.holds_duplicates.is_not(wanted)
        )
        .values(holds_duplicates=wanted)
        .returning(Connection.firm_id, Connection.company_id)
    ).one_or_none()
    if found is None:
        return False
    record(
        "duplicates_held" if wanted else "duplicates_sent",
        firm_id=found.firm_id,
        company_id=found.company_id,
        actor_id=by.id,
        firm_only=True,
        app=app.key,
    )
    return True
