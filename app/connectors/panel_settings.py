"""«Réglages d'envoi»: how the bots of an application are written, and its limits."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from app.activity.recording import record
from app.companies.models import Company
from app.connectors import bots
from app.connectors.catalogue import PartnerApp
from app.connectors.models import Connection, FirmApp
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


def settings_of(reader: Person, firm_id: uuid.UUID, app: PartnerApp) -> Settings:
    """Of the companies that the person sees."""
    separator = bots.separator_of(firm_id, app)
    connections = _connections(app, of=reader)
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


def _connections(app: PartnerApp, of: Person) -> list[Connection]:
    seen = Company.visible_to(of).with_only_columns(Company.id)
    return list(
        db.session.scalars(
            select(Connection)
            .where(Connection.app_key == app.key, Connection.company_id.in_(seen))
            .options(joinedload(Connection.company))
            .order_by(Connection.id)
        )
    )


def _outdated(
    app: PartnerApp, connections: list[Connection], separator: str
) -> list[Connection]:
    """Those that send from an address which is not written that way."""
    if not connections:
        return []
    written = bots.writing_of(connections[0].firm_id, app, separator)
    return [one for one in connections if one.bot_address != written(one.company)]


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
    separator = bots.separator_of(firm_id, app)
    outdated = _outdated(app, _connections(app, of=by), separator)
    made = bots.own_all([connection.company for connection in outdated], app)
    for connection in outdated:
        bot = made.get(connection.company_id)
        if bot is None:
            address = bots.address_of(connection.company, app, separator)
            raise Refused(_("The address %(address)s is taken.", address=address))
        connection.bot_address = bot.address
    try:
        db.session.flush()
    except IntegrityError as error:
        db.session.rollback()
        raise Refused(_("Somebody did the same just now. Try again.")) from error
    if outdated:
        _record("bots_renewed", firm_id, app, by, connections=len(outdated))
    return len(outdated)


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
