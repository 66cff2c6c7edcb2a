"""Connecting a company to an application: authorise, give its address, revoke.

Acts; the caller commits. What waits for an address leaves once it is there; what
waited when the connection was revoked is held, and resumes with the same address.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.activity.recording import record
from app.companies.models import Company
from app.connectors import bots
from app.connectors.catalogue import PartnerApp
from app.connectors.destinations import Change, checked_address
from app.connectors.models import Connection, Destination, FirmApp
from app.db import db, lock_company, utc_now
from app.delivery import covering
from app.delivery.cancelling import release_held
from app.errors import Refused
from app.people.models import Person


def adopt(firm_id: uuid.UUID, app: PartnerApp, *, by: Person | None) -> FirmApp:
    """Put the application among those of the firm; again changes nothing."""
    adopted = db.session.scalar(
        select(FirmApp).where(FirmApp.firm_id == firm_id, FirmApp.app_key == app.key)
    )
    if adopted is None:
        adopted = FirmApp(
            firm_id=firm_id, app_key=app.key, adopted_by_id=by.id if by else None
        )
        db.session.add(adopted)
        record("app_adopted", firm_id=firm_id, firm_only=True, app=app.key)
    return adopted


def authorise(company: Company, app: PartnerApp, *, by: Person | None) -> Connection:
    """Allow documents of the company to go to the application; flushed."""
    lock_company(company.id, exclusive=True)
    connection = connection_of(company, app.key)
    if connection is None:
        connection = Connection(
            firm_id=company.firm_id,
            company_id=company.id,
            app_key=app.key,
            bot_address=bots.own(company, app).address,
            authorised_by_id=by.id if by else None,
            destinations=[],
            revision=0,
        )
        db.session.add(connection)
        db.session.flush()
    elif connection.is_authorised:
        return connection
    connection.revoked_at = None
    connection.revision += 1
    _record("connection_authorised", connection, by)
    release_held(connection, ("revoked",))
    return connection


def changes_of(
    company: Company, app: PartnerApp, addresses: Mapping[str, str]
) -> list[Change]:
    """What these addresses (slot → as typed) would change; empty ones change nothing.

    Raises Refused on a bad one, at the field `destination_<slot>`.
    """
    connection = connection_of(company, app.key)
    changes = []
    for slot in app.slots:
        if not addresses.get(slot.key, "").strip():
            continue
        try:
            after = checked_address(addresses[slot.key])
        except Refused as refusal:
            raise Refused(refusal.message, f"destination_{slot.key}") from refusal
        known = connection.destination_for(slot.key) if connection else None
        before = known.address if known else None
        if after != before:
            changes.append(Change(company, slot, before, after))
    return changes


def connect(
    company: Company,
    app: PartnerApp,
    addresses: Mapping[str, str],
    *,
    by: Person | None,
) -> list[Change]:
    """Authorise the company and give its addresses; gives what changed.

    A connection that was revoked gets them first: what was held for another address
    waits for a person. Raises Refused.
    """
    lock_company(company.id, exclusive=True)
    changes = changes_of(company, app, addresses)
    connection = connection_of(company, app.key) or authorise(company, app, by=by)
    for slot in app.slots:
        if addresses.get(slot.key, "").strip():
            set_destination(connection, slot.key, addresses[slot.key], by=by)
    authorise(company, app, by=by)
    return changes


def revoke(connection: Connection, *, by: Person | None) -> None:
    """Nothing leaves any more; what waited is held."""
    lock_company(connection.company_id, exclusive=True)
    if connection.is_authorised:
        connection.revoked_at = utc_now()
        connection.revision += 1
        covering.hold_waiting(connection.id, "revoked")
        _record("connection_revoked", connection, by)


def set_destination(
    connection: Connection, slot: str, address: str, *, by: Person | None
) -> Destination:
    """Send the slot's documents there from now on. Raises Refused on a bad address.

    What was held when the connection was revoked waits for a person when the address
    is not the same any more: so this comes before `authorise`.
    """
    address = checked_address(address)
    lock_company(connection.company_id, exclusive=True)
    destination = connection.destination_for(slot)
    before = destination.address if destination else None
    if destination is None:
        destination = Destination(
            firm_id=connection.firm_id, slot=slot, address=address
        )
        connection.destinations.append(destination)
    elif before == address and destination.refused_at is None:
        return destination
    destination.address = address
    destination.changed_at = utc_now()
    destination.changed_by_id = by.id if by else None
    connection.revision += 1
    destination.refused_at = destination.refusal = None
    destination.refused_side = None
    db.session.flush()
    if before not in {None, address} and not connection.is_authorised:
        covering.hold_for_new_address(connection, slot)
    _record("destination_changed", connection, by, slot=slot, before=before, to=address)
    release_held(connection, ("no_connection", "refused"), slot)
    return destination


def resume(connection: Connection, *, by: Person | None) -> int:
    """A person agrees that what waits leaves to the new address; gives how many."""
    lock_company(connection.company_id, exclusive=True)
    released = release_held(connection, ("address_changed",))
    _record("held_resumed", connection, by, documents=released)
    return released


def connection_of(company: Company, app_key: str) -> Connection | None:
    return db.session.scalar(
        select(Connection).where(
            Connection.company_id == company.id, Connection.app_key == app_key
        )
    )


def _record(
    verb: str, connection: Connection, by: Person | None, **details: Any
) -> None:
    record(
        verb,
        firm_id=connection.firm_id,
        company_id=connection.company_id,
        actor_id=by.id if by else None,
        firm_only=True,
        app=connection.app_key,
        **details,
    )
