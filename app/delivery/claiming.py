"""Who holds a delivery: leases and fencing tokens.

Every change is one UPDATE that says what it found (state, token, owner); the one that
finds it otherwise changes nothing. Times are the database's own.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, bindparam, case, func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from app.connectors.models import Connection, Destination
from app.db import UtcDateTime, database_now, db, utc_now
from app.delivery import troubles
from app.delivery.answers import Reply
from app.delivery.clock import from_now
from app.delivery.due import goes_to, one_of, only_due
from app.delivery.models import LEASED, WAITING, Delivery, Trouble
from app.delivery.turns import Turns
from app.library.models import Document, Rendition, Version

LEASE = timedelta(seconds=120)
RENEW_SECONDS = 30
A_CLAIM = 20


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
    reply: Reply | None = None  # the last thing that was answered
    # The final dot may be out: whatever happens now, only an answer says more.
    is_past_return: bool = False


def claim(owner: str, turns: Turns | None = None, most: int = A_CLAIM) -> list[Claim]:
    """Up to `most` that are due, by turns; commits. When nothing else is due, one to an
    address in trouble that is to be tried again."""
    turns = turns or Turns()
    now = database_now()
    known = turns.troubles = troubles.everything()
    left_alone = [at for at, one in known.items() if one.failures >= troubles.MOST]
    claims = [] if turns.is_old() else _next(owner, turns, most, now, left_alone)
    if not claims:
        turns.look(now, left_alone)
        claims = _next(owner, turns, most, now, left_alone)
    for address in left_alone if not claims else ():
        if claims := _try(owner, known[address], turns.company_id, now):
            break
    db.session.commit()
    return claims


def _next(
    owner: str, turns: Turns, most: int, now: datetime, left_alone: list[str]
) -> list[Claim]:
    """The first of those ahead that are not in another worker's hands by now."""
    claims: list[Claim] = []
    while turns.ahead and not claims:
        chosen = turns.take(most)
        still = _STILL_DUE
        if left_alone:
            still = still.where(~goes_to(left_alone))
        free = still.with_for_update(skip_locked=True, of=Delivery)
        line = db.session.connection()
        ids = line.scalars(free, {"chosen": chosen, "now": now}).all()
        claims = _take(owner, chosen, ids, now)
    return claims


def _try(
    owner: str, trouble: Trouble, company_id: uuid.UUID | None, now: datetime
) -> list[Claim]:
    """One message to an address in trouble, when its time has come."""
    if trouble.retry_at > now:
        return []
    still = only_due(select(Delivery.id), now, company_id)
    still = still.where(goes_to([trouble.address]), Delivery.lapses == 0)
    first = still.order_by(Delivery.not_before, Delivery.id).limit(1)
    chosen = db.session.scalars(first).all()
    if not chosen or not troubles.take(trouble, now):
        return []
    free = first.with_for_update(skip_locked=True, of=Delivery)
    return _take(owner, chosen, db.session.scalars(free).all(), now)


def _take(
    owner: str, chosen: Sequence[uuid.UUID], ids: Sequence[uuid.UUID], now: datetime
) -> list[Claim]:
    """Those of `ids`, which are locked. On SQLite the write transaction itself keeps
    the others out."""
    if not ids:
        return []
    values = {"ids": ids, "now": now, "by": owner, "until": now + LEASE}
    taken = db.session.connection().scalars(_TAKE, values).all()
    order = {delivery_id: place for place, delivery_id in enumerate(chosen)}
    return sorted(_read(taken), key=lambda claimed: order[claimed.id])


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


def _of_ids(name: str) -> ColumnElement[bool]:
    return Delivery.id.in_(bindparam(name, expanding=True))


# Made once: the making takes as long as the asking.
_NOW = bindparam("now", type_=UtcDateTime())
_STILL_DUE = only_due(select(Delivery.id).where(_of_ids("chosen")), _NOW)
_TAKE = (
    update(Delivery)
    .where(_of_ids("ids"), Delivery.state.in_(WAITING), Delivery.not_before <= _NOW)
    .values(
        state="sending",
        reason=None,
        token=Delivery.token + 1,
        owner=bindparam("by"),
        lease_until=bindparam("until", type_=UtcDateTime()),
        attempts=Delivery.attempts + 1,
        **_pinned(),
    )
    .returning(Delivery.id)
)
_READ = (
    select(
        *(Delivery.id, Delivery.firm_id, Delivery.company_id, Delivery.document_id),
        *(Delivery.connection_id, Delivery.slot, Delivery.token, Delivery.owner),
        *(Delivery.attempts, Delivery.ambiguous, Delivery.created_at),
        *(Delivery.message_id, Delivery.message_date, Delivery.sender),
        *(Delivery.destination, Delivery.file_name, Delivery.sha256),
        Delivery.version_id,
        Connection.app_key,
        _address(Delivery.connection_id, Delivery.slot)
        .scalar_subquery()
        .label("address"),
        Rendition.id.label("rendition_id"),
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
    .outerjoin(
        Rendition,
        (Rendition.id == Delivery.rendition_id)
        # Not one of a version that was replaced since.
        & (Rendition.version_id == Delivery.version_id),
    )
    .where(_of_ids("taken"))
)


def _read(taken: Sequence[uuid.UUID]) -> list[Claim]:
    found = db.session.connection().execute(_READ, {"taken": taken})
    return [Claim(**row._mapping) for row in found]


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
