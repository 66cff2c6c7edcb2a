"""«Réglages d'envoi»: how the bots of an application are written, and its limits."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from app.activity.recording import record
from app.connectors import bots
from app.connectors.catalogue import PartnerApp
from app.connectors.models import Bot, Connection, FirmApp
from app.db import db
from app.errors import Refused
from app.people.models import Person
from app.texts import gettext as _


@dataclass(frozen=True)
class Settings:
    """`examples`: separator → a bot's address; `to_renew`: connections whose bot is
    not written that way."""

    separator: str
    examples: dict[str, str]
    connections: int
    to_renew: int


def settings_of(firm_id: uuid.UUID, app: PartnerApp) -> Settings:
    separator = bots.separator_of(firm_id, app)
    connections = _connections(app)
    company = connections[0].company if connections else None
    return Settings(
        separator=separator,
        examples={
            one: bots.address_of(company, app, one)
            if company
            else f"{app.bot_prefix}{one}dupont-maconnerie@…"
            for one in bots.SEPARATORS
        },
        connections=len(connections),
        to_renew=len(_outdated(app, connections, separator)),
    )


def _connections(app: PartnerApp) -> list[Connection]:
    return list(
        db.session.scalars(
            select(Connection)
            .where(Connection.app_key == app.key)
            .options(joinedload(Connection.company))
            .order_by(Connection.id)
        )
    )


def _outdated(
    app: PartnerApp, connections: list[Connection], separator: str
) -> dict[str, list[Connection]]:
    """New address → connections; several where one bot sends for the whole firm."""
    found: dict[str, list[Connection]] = {}
    if not connections:
        return found
    written = bots.writing_of(connections[0].firm_id, app, separator)
    for connection in connections:
        address = written(connection.company)
        if connection.bot_address != address:
            found.setdefault(address, []).append(connection)
    return found


def choose_separator(
    firm_id: uuid.UUID, app: PartnerApp, separator: str, *, by: Person
) -> None:
    """For companies authorised from now on. Raises Refused on any but `+ . -`."""
    if separator not in bots.SEPARATORS:
        raise Refused(_("Choose one of the separators."), "separator")
    adopted = db.session.scalars(
        select(FirmApp).where(FirmApp.firm_id == firm_id, FirmApp.app_key == app.key)
    ).one()
    before = bots.separator_of(firm_id, app)
    if before == separator:
        return
    adopted.separator = separator
    _record("separator_changed", firm_id, app, by, before=before, to=separator)


def renew_bots(firm_id: uuid.UUID, app: PartnerApp, *, by: Person) -> int:
    """Every connection sends from the address that the separator makes; gives how many
    changed. The old addresses keep receiving. Raises Refused when one is taken."""
    outdated = _outdated(app, _connections(app), bots.separator_of(firm_id, app))
    known = _known(list(outdated))
    for address, connections in outdated.items():
        own_company = None if app.bot_owner == "firm" else connections[0].company_id
        owner = (firm_id, app.key, own_company)
        if known.get(address, owner) != owner:
            raise Refused(_("The address %(address)s is taken.", address=address))
        if address not in known:
            db.session.add(
                Bot(
                    firm_id=firm_id,
                    address=address,
                    app_key=app.key,
                    company_id=own_company,
                )
            )
        for connection in connections:
            connection.bot_address = address
    try:
        db.session.flush()
    except IntegrityError as error:
        raise Refused(_("Somebody did the same just now. Try again.")) from error
    changed = sum(map(len, outdated.values()))
    if changed:
        _record("bots_renewed", firm_id, app, by, connections=changed)
    return changed


def _known(
    addresses: list[str],
) -> dict[str, tuple[uuid.UUID, str, uuid.UUID | None]]:
    """Whose these addresses are, whatever the firm."""
    rows = db.session.scalars(
        select(Bot)
        .where(Bot.address.in_(addresses))
        .execution_options(across_firms=True)
    )
    return {bot.address: (bot.firm_id, bot.app_key, bot.company_id) for bot in rows}


def _record(
    verb: str, firm_id: uuid.UUID, app: PartnerApp, by: Person, **details: Any
) -> None:
    record(
        verb,
        firm_id=firm_id,
        actor_id=by.id,
        firm_only=True,
        app=app.key,
        **details,
    )
