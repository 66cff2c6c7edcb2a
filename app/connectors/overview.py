"""Which companies are connected to what: rows for the firm, found, sorted and paged.

A row is a connection (company × application) that the person may see. A page costs
five statements, however many companies there are.
"""

from dataclasses import dataclass, replace

from sqlalchemy import Select, select
from sqlalchemy.orm import contains_eager, selectinload

from app.companies.models import Company
from app.connectors import apps, catalogue, states
from app.connectors.catalogue import PartnerApp
from app.connectors.models import Connection, FirmApp, OwnApp
from app.connectors.overview_search import (
    SORTS,
    Wanted,
    blocked_of,
    counts,
    found,
    in_order,
    leaving_of,
)
from app.db import db
from app.delivery.badges import Badge
from app.folding import folded
from app.people.models import Person
from app.texts import gettext as _

A_PAGE = 50


@dataclass(frozen=True)
class Address:
    slot: str  # its name, or nothing where the application has one only
    address: str  # or nothing
    is_refused: bool = False


@dataclass(frozen=True)
class Row:
    connection: Connection
    app: PartnerApp | None  # gone from the catalogue
    can_be_opened: bool  # still among the applications of the firm
    authorised_by: str
    badge: Badge
    addresses: list[Address]
    waiting: int
    blocked: int

    @property
    def company(self) -> Company:
        return self.connection.company

    @property
    def app_name(self) -> str:
        return self.app.name if self.app else self.connection.app_key


@dataclass(frozen=True)
class Overview:
    rows: list[Row]
    wanted: Wanted
    total: int
    counts: dict[str, int]  # state → rows, whatever state is asked for
    choices: list[PartnerApp]

    @property
    def badges(self) -> list[Badge]:
        return [states.badge_of(state) for state in states.STATES]

    @property
    def heads(self) -> list[tuple[str, str]]:
        return list(zip(SORTS, heads(), strict=True))

    @property
    def first(self) -> int:
        return (self.wanted.page - 1) * A_PAGE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


@dataclass(frozen=True)
class Known:
    """The applications that the firm may meet, and those it works with."""

    apps: dict[str, PartnerApp]
    adopted: set[str]

    @property
    def keys_by_name(self) -> list[str]:
        return sorted(self.apps, key=lambda key: (folded(self.apps[key].name), key))


def heads() -> tuple[str, ...]:
    """The columns' names, as `SORTS` has their keys."""
    return (
        *(_("Company"), _("Application"), _("Since"), _("Status")),
        *(_("Destinations"), _("Last send"), _("To be sent"), _("Blocked")),
    )


def known_apps() -> Known:
    own = db.session.scalars(select(OwnApp))
    described = {row.key: apps.described(row) for row in own}
    adopted = db.session.scalars(select(FirmApp.app_key))
    return Known(catalogue.everything() | described, set(adopted))


def overview(asked: Wanted) -> Overview:
    known = known_apps()
    of_states = counts(found(asked))
    total = of_states.get(asked.state, 0) if asked.state else sum(of_states.values())
    asked = replace(asked, page=min(asked.page, max(1, -(-total // A_PAGE))))
    page = in_order(asked, known.keys_by_name)
    page = page.limit(A_PAGE).offset((asked.page - 1) * A_PAGE)
    choices = [known.apps[key] for key in known.keys_by_name if key in known.adopted]
    return Overview(rows(page, known), asked, total, of_states, choices)


def rows(connections: Select[Connection], known: Known) -> list[Row]:
    """What is to be said of these connections: two statements."""
    wanted = (
        connections.outerjoin(Person, Person.id == Connection.authorised_by_id)
        .add_columns(Person.name, leaving_of(), blocked_of())
        .options(
            contains_eager(Connection.company), selectinload(Connection.destinations)
        )
    )
    return [
        _row(connection, name, waiting, blocked, known)
        for connection, name, waiting, blocked in db.session.execute(wanted)
    ]


def _row(
    connection: Connection, name: str | None, waiting: int, blocked: int, known: Known
) -> Row:
    app = known.apps.get(connection.app_key)
    return Row(
        connection=connection,
        app=app,
        can_be_opened=app is not None and app.key in known.adopted,
        authorised_by=name or "",
        badge=states.badge(connection),
        addresses=_addresses(connection, app),
        waiting=waiting,
        blocked=blocked,
    )


def _addresses(connection: Connection, app: PartnerApp | None) -> list[Address]:
    names = {slot.key: slot.name for slot in app.slots} if app else {}
    names |= {d.slot: d.slot for d in connection.destinations if d.slot not in names}
    return [
        Address(
            name if len(names) > 1 else "",
            destination.address if destination else "",
            bool(destination and destination.refused_at),
        )
        for slot, name in names.items()
        for destination in (connection.destination_for(slot),)
    ]
