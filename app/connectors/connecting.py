"""Connecting a company to an application: authorise, give its address, revoke.

Acts; the caller commits. What waits for an address leaves once it is there; what
waited when the connection was revoked is held, and resumes with the same address.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from app.activity.recording import record
from app.companies.models import Company
from app.connectors import bots
from app.connectors.catalogue import PartnerApp
from app.connectors.destinations import Change, checked_address
from app.connectors.models import Bot, Connection, Destination, FirmApp
from app.db import db, new_id, utc_now
from app.delivery import covering
from app.delivery.cancelling import cancel_waiting, release_held
from app.delivery.models import Delivery
from app.errors import Refused
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _

# Why documents are held until their destination has an address that is not refused.
WAITS_FOR_ADDRESS = ("no_connection", "refused")


def adopt(firm_id: uuid.UUID, app: PartnerApp, *, by: Person | None) -> FirmApp:
    """Put the application among those of the firm; again changes nothing."""
    wanted = select(FirmApp).where(
        FirmApp.firm_id == firm_id, FirmApp.app_key == app.key
    )
    adopted = db.session.scalar(wanted)
    if adopted is None:
        adopted = FirmApp(
            firm_id=firm_id, app_key=app.key, adopted_by_id=by.id if by else None
        )
        try:
            with db.session.begin_nested():
                db.session.add(adopted)
        except IntegrityError:  # another request has just done it
            return db.session.scalars(wanted).one()
        actor_id = by.id if by else None
        record(
            "app_adopted",
            firm_id=firm_id,
            actor_id=actor_id,
            firm_only=True,
            app=app.key,
        )
    return adopted


def authorise(company: Company, app: PartnerApp, *, by: Person | None) -> Connection:
    """Allow documents of the company to go to the application; flushed."""
    lock_company(company.id, exclusive=True)
    connection = connection_of(company, app.key)
    if connection is None:
        connection = first_connection(company, app, bots.own(company, app), by=by)
        db.session.flush()
    elif not connection.is_authorised:
        connection.revoked_at = None
        connection.authorised_at = utc_now()
        connection.authorised_by_id = by.id if by else None
        connection.revision += 1
        _record("connection_authorised", connection, by)
        release_held(connection, ("revoked",))
    return connection


def first_connection(
    company: Company, app: PartnerApp, bot: Bot, *, by: Person | None
) -> Connection:
    """For a company that never had one, under its lock; not flushed."""
    connection = Connection(
        id=new_id(),
        firm_id=company.firm_id,
        company_id=company.id,
        app_key=app.key,
        bot_address=bot.address,
        authorised_by_id=by.id if by else None,
        destinations=[],
        revision=1,
    )
    db.session.add(connection)
    _record("connection_authorised", connection, by)
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
    known = connection.destination_for(slot)
    before = known.address if known else None
    if known and before == address and known.refused_at is None:
        return known
    destination = give_address(connection, slot, address, by=by)
    db.session.flush()
    if before not in {None, address} and not connection.is_authorised:
        covering.hold_for_new_address(connection, slot)
    release_held(connection, WAITS_FOR_ADDRESS, slot)
    return destination


def give_address(
    connection: Connection, slot: str, address: str, *, by: Person | None
) -> Destination:
    """Write a checked address, under the company's lock; not flushed. What waits for
    it is released by the caller."""
    destination = connection.destination_for(slot)
    before = destination.address if destination else None
    if destination is None:
        destination = Destination(
            firm_id=connection.firm_id, slot=slot, address=address
        )
        connection.destinations.append(destination)
    destination.address = address
    destination.changed_at = utc_now()
    destination.changed_by_id = by.id if by else None
    destination.refused_at = destination.refusal = None
    destination.refused_side = None
    connection.revision += 1
    _record("destination_changed", connection, by, slot=slot, before=before, to=address)
    return destination


def resume(connection: Connection, *, by: Person | None) -> int:
    """A person agrees that what waits leaves to the new address; gives how many.

    Raises Refused while the access is off.
    """
    lock_company(connection.company_id, exclusive=True)
    _check_authorised(connection)
    released = release_held(connection, ("address_changed",))
    _record("held_resumed", connection, by, documents=released)
    return released


def give_up(connection: Connection, *, by: Person | None) -> int:
    """What waits for a word about the new address is not sent; gives how many."""
    lock_company(connection.company_id, exclusive=True)
    waiting = db.session.scalars(
        select(Delivery.id).where(
            Delivery.connection_id == connection.id,
            Delivery.state == "held",
            Delivery.reason == "address_changed",
        )
    ).all()
    cancelled = cancel_waiting(why="by_user", delivery_ids=waiting)
    _record("held_cancelled", connection, by, documents=cancelled)
    return cancelled


def try_again(connection: Connection, *, by: Person | None) -> int:
    """Forget that its addresses were refused: what was held for it leaves with the
    next run; gives how many. Raises Refused while the access is off."""
    lock_company(connection.company_id, exclusive=True)
    _check_authorised(connection)
    for destination in connection.destinations:
        destination.refused_at = destination.refusal = None
        destination.refused_side = None
    released = release_held(connection, ("refused",))
    _record("refusal_cleared", connection, by, documents=released)
    return released


def _check_authorised(connection: Connection) -> None:
    if not connection.is_authorised:
        raise Refused(_("Switch the access on first."), "authorised")


def latest(company: Company, app_key: str) -> Connection | None:
    """The connection as it is now, whatever was read before; the lock is taken."""
    lock_company(company.id, exclusive=True)
    return db.session.scalar(
        select(Connection)
        .where(Connection.company_id == company.id, Connection.app_key == app_key)
        .options(selectinload(Connection.destinations))
        .execution_options(populate_existing=True)
    )


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
        revision=connection.revision,
        **details,
    )
