"""One company in the panel of an application: its access, addresses and state."""

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.companies.models import Company
from app.connectors import bots, states
from app.connectors.catalogue import PartnerApp, Slot
from app.connectors.connecting import connection_of
from app.connectors.models import Connection, Destination
from app.connectors.saving import Typed
from app.db import db
from app.delivery.badges import Badge
from app.delivery.models import Delivery


@dataclass(frozen=True)
class Field:
    """The address of one slot; `value` is what was typed, or what is saved."""

    slot: Slot
    saved: str
    value: str
    usual: str
    refused_side: str | None  # recipient: the address is wrong; sender: ours is

    @property
    def is_good(self) -> bool:
        return bool(self.saved) and self.refused_side is None

    @property
    def is_bad(self) -> bool:
        return self.refused_side == "recipient"

    @property
    def to_copy(self) -> str:
        """The saved address, or the usual one where there is no good one."""
        return self.usual or self.saved if self.is_bad else self.saved or self.usual


@dataclass(frozen=True)
class Refusal:
    """What the server said; `proposal` is the same name at the usual domain."""

    slot: Slot
    is_sender: bool
    text: str
    at: datetime
    proposal: str


@dataclass(frozen=True)
class CompanyRow:
    company: Company
    connection: Connection | None
    is_authorised: bool  # or typed so
    bot_address: str
    fields: list[Field]
    badge: Badge
    refusals: list[Refusal]
    held: int  # documents that wait for a word about the new address

    @property
    def revision(self) -> int:
        return self.connection.revision if self.connection else 0

    @property
    def is_to_be_connected(self) -> bool:
        """Authorised, and nothing was taken by the tool yet."""
        return self.badge.key in {"missing", "waiting", "refused"}


def row(app: PartnerApp, company: Company, typed: Typed | None = None) -> CompanyRow:
    """The company's, as it is now; with what was typed when that was refused."""
    connection = connection_of(company, app.key)
    written = bots.writing_of(company.firm_id, app)
    held = held_of([connection.id] if connection else [])
    return made(app, company, connection, written, held, typed)


def held_of(connection_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Per connection, what is held because the address is not the same any more."""
    found = db.session.execute(
        select(Delivery.connection_id, func.count())
        .where(
            Delivery.connection_id.in_(connection_ids),
            Delivery.state == "held",
            Delivery.reason == "address_changed",
        )
        .group_by(Delivery.connection_id)
    )
    return dict(found.all())


def made(
    app: PartnerApp,
    company: Company,
    connection: Connection | None,
    written: Callable[[Company], str],
    held: dict[uuid.UUID, int],
    typed: Typed | None = None,
) -> CompanyRow:
    is_authorised = bool(connection and connection.is_authorised)
    return CompanyRow(
        company=company,
        connection=connection,
        is_authorised=typed.is_authorised if typed else is_authorised,
        bot_address=connection.bot_address if connection else written(company),
        fields=[_field(slot, company, connection, typed) for slot in app.slots],
        badge=states.badge(connection),
        refusals=_refusals(app, connection) if is_authorised else [],
        held=held.get(connection.id, 0) if connection else 0,
    )


def _field(
    slot: Slot, company: Company, connection: Connection | None, typed: Typed | None
) -> Field:
    known = connection.destination_for(slot.key) if connection else None
    saved = known.address if known else ""
    return Field(
        slot=slot,
        saved=saved,
        value=typed.addresses.get(slot.key, saved) if typed else saved,
        usual=slot.usual_address(company.slug),
        refused_side=_refused_side(known),
    )


def _refused_side(known: Destination | None) -> str | None:
    if known is None or known.refused_at is None:
        return None
    return known.refused_side or "recipient"


def _refusals(app: PartnerApp, connection: Connection | None) -> list[Refusal]:
    """One for the sender, whatever the slots; else one for each address."""
    found = [
        _refusal(slot, known, known.refused_at)
        for slot in app.slots
        if connection
        and (known := connection.destination_for(slot.key))
        and known.refused_at
    ]
    senders = [one for one in found if one.is_sender][:1]
    return senders + [one for one in found if not one.is_sender]


def _refusal(slot: Slot, known: Destination, at: datetime) -> Refusal:
    name, _at, domain = known.address.rpartition("@")
    differs = slot.usual_domain and domain != slot.usual_domain
    return Refusal(
        slot=slot,
        is_sender=_refused_side(known) == "sender",
        text=known.refusal or "",
        at=at,
        proposal=f"{name}@{slot.usual_domain}" if differs else "",
    )
