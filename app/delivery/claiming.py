"""Who holds a delivery: leases and fencing tokens.

Every change is one UPDATE that says what it found (state, token, owner); the one that
finds it otherwise changes nothing. Times are the database's own.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    case,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.companies.models import Company
from app.connectors.models import Connection, Destination
from app.db import database_now, db, utc_now
from app.delivery.ceilings import remaining
from app.delivery.clock import from_now
from app.delivery.models import LEASED, WAITING, Delivery
from app.firms.models import Firm
from app.library.models import Document, Rendition, Version

LEASE = timedelta(seconds=120)
RENEW_SECONDS = 30
A_CLAIM = 20
NO_LIMIT = 2**31 - 1


def one_of(
    column: InstrumentedAttribute[str], values: Sequence[str]
) -> ColumnElement[bool]:
    """IN, with the values written out: else the partial indexes would not be used."""
    return column.in_(bindparam(None, values, expanding=True, literal_execute=True))


@dataclass
class Claim:
    """A delivery in our hands, with all that sending needs; read once, at the claim."""

    id: uuid.UUID
    firm_id: uuid.UUID
    company_id: uuid.UUID
    document_id: uuid.UUID
    version_id: uuid.UUID
    connection_id: uuid.UUID
    app_key: str
    slot: str
    token: int
    owner: str
    attempts: int
    ambiguous: int
    created_at: datetime
    message_id: str
    message_date: datetime
    sender: str
    destination: str | None
    address: str | None  # the slot's address now; the destination is kept in a doubt
    file_name: str
    sha256: str
    size: int
    content_type: str
    storage_key: str
    # Set when the bytes are those of a rendition (`renditions`).
    rendition_id: uuid.UUID | None
    started_at: datetime = field(default_factory=utc_now)
    clock: float = field(default_factory=time.monotonic)
    bytes_sent: int = 0
    # The final dot may be out: whatever happens now, only an answer says more.
    is_past_return: bool = False


def claim(owner: str, company_id: uuid.UUID | None = None) -> list[Claim]:
    """Up to twenty that are due, taken in turns among companies; commits."""
    now = database_now()
    chosen = db.session.scalars(_due(now, company_id, remaining()).limit(A_CLAIM)).all()
    claims: list[Claim] = []
    if chosen:
        taken = db.session.scalars(
            update(Delivery)
            .where(
                Delivery.id.in_(chosen),
                Delivery.state.in_(WAITING),
                Delivery.not_before <= now,
            )
            .values(
                state="sending",
                reason=None,
                token=Delivery.token + 1,
                owner=owner,
                lease_until=now + LEASE,
                attempts=Delivery.attempts + 1,
                **_pinned(),
            )
            .returning(Delivery.id)
            .execution_options(synchronize_session=False)
        ).all()
        claims = _read(taken)
    db.session.commit()
    order = {delivery_id: place for place, delivery_id in enumerate(chosen)}
    return sorted(claims, key=lambda claimed: order[claimed.id])


def _pinned() -> dict[str, ColumnElement[str]]:
    """Where it goes and its name: as they are now, or as the first copy had them."""
    address = _address(Delivery.connection_id, Delivery.slot).scalar_subquery()
    sender = select(Connection.bot_address).where(
        Connection.id == Delivery.connection_id
    )
    name = select(Document.name).where(Document.id == Delivery.document_id)
    is_first = Delivery.ambiguous == 0
    return {
        "destination": case((is_first, address), else_=Delivery.destination),
        "sender": case((is_first, sender.scalar_subquery()), else_=Delivery.sender),
        "file_name": case((is_first, name.scalar_subquery()), else_=Delivery.file_name),
    }


def _address(
    connection_id: InstrumentedAttribute[uuid.UUID], slot: InstrumentedAttribute[str]
) -> Select[str]:
    return select(Destination.address).where(
        Destination.connection_id == connection_id, Destination.slot == slot
    )


def is_refused() -> ColumnElement[bool]:
    """Whether the server refused the address that the delivery would go to."""
    return exists().where(
        Destination.connection_id == Delivery.connection_id,
        Destination.slot == Delivery.slot,
        Destination.refused_at.is_not(None),
    )


def _read(taken: Sequence[uuid.UUID]) -> list[Claim]:
    here = (
        *(Delivery.id, Delivery.firm_id, Delivery.company_id, Delivery.document_id),
        *(Delivery.connection_id, Delivery.slot, Delivery.token, Delivery.owner),
        *(Delivery.attempts, Delivery.ambiguous, Delivery.created_at),
        *(Delivery.message_id, Delivery.message_date, Delivery.sender),
        *(Delivery.destination, Delivery.file_name, Delivery.sha256),
        *(Delivery.version_id, Delivery.rendition_id),
    )
    found = db.session.execute(
        select(
            *here,
            Connection.app_key,
            _address(Delivery.connection_id, Delivery.slot)
            .scalar_subquery()
            .label("address"),
            *(
                func.coalesce(of_rendition, of_version).label(of_version.key)
                for of_rendition, of_version in (
                    (Rendition.size, Version.size),
                    (Rendition.content_type, Version.content_type),
                    (Rendition.storage_key, Version.storage_key),
                )
            ),
        )
        .join(Connection, Connection.id == Delivery.connection_id)
        .join(Version, Version.id == Delivery.version_id)
        .outerjoin(Rendition, Rendition.id == Delivery.rendition_id)
        .where(Delivery.id.in_(taken))
    )
    return [Claim(**row._mapping) for row in found]


def _due(
    now: datetime, company_id: uuid.UUID | None, limits: dict[uuid.UUID, int]
) -> Select[uuid.UUID]:
    """The first due one of every company, then the second of every one…"""
    due = (
        select(
            Delivery.id,
            func.row_number()
            .over(
                partition_by=Delivery.company_id,
                order_by=(Delivery.not_before, Delivery.id),
            )
            .label("turn"),
            *(_nth_of_connection(limits)),
        )
        .join(Connection, Connection.id == Delivery.connection_id)
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
    if company_id is not None:
        due = due.where(Delivery.company_id == company_id)
    turns = due.subquery("turns")
    is_allowed = [turns.c.nth <= turns.c.most] if limits else []
    row = aliased(Delivery)
    chosen = (
        select(row.id)
        .join(turns, turns.c.id == row.id)
        .where(*is_allowed)
        .order_by(turns.c.turn, row.not_before, row.id)
    )
    # On SQLite the write transaction itself keeps the others out.
    return chosen.with_for_update(skip_locked=True, of=row)


def _nth_of_connection(limits: dict[uuid.UUID, int]) -> list[ColumnElement[int]]:
    """Its place among its connection's, and how many of those may leave now."""
    if not limits:
        return []
    place = func.row_number().over(
        partition_by=Delivery.connection_id,
        order_by=(Delivery.not_before, Delivery.id),
    )
    most = case(limits, value=Delivery.connection_id, else_=NO_LIMIT)
    return [place.label("nth"), most.label("most")]


class Lease:
    """What one run holds: kept while it works, and given up by whoever stops."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.renewed = time.monotonic()
        self.held: set[uuid.UUID] = set()

    def take(self, claims: list[Claim]) -> None:
        self.held = {claimed.id for claimed in claims}
        self.renewed = time.monotonic()

    def keep(self) -> None:
        """Renew all that is still ours, when it is time to; commits."""
        if time.monotonic() - self.renewed < RENEW_SECONDS:
            return
        ours = db.session.scalars(
            update(Delivery)
            .where(
                one_of(Delivery.state, LEASED),
                Delivery.state == "sending",
                Delivery.owner == self.owner,
            )
            .values(lease_until=from_now(LEASE))
            .returning(Delivery.id)
            .execution_options(synchronize_session=False)
        ).all()
        db.session.commit()
        self.held &= set(ours)
        self.renewed = time.monotonic()
