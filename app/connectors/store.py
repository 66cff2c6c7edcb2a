"""What the store shows: the firm's applications and how they fare, and the others."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from flask_babel import format_decimal
from sqlalchemy import Select, func, select

from app.companies.models import Company
from app.connectors import apps, catalogue
from app.connectors.catalogue import PartnerApp
from app.connectors.categories import every_category
from app.connectors.models import Connection, Destination, FirmApp, OwnApp
from app.db import db, utc_now
from app.delivery.models import Delivery
from app.folding import plain
from app.formats import midnight
from app.people.models import Person
from app.texts import gettext as _
from app.typed import searched

Item = TypeVar("Item")


@dataclass(frozen=True)
class Card:
    app: PartnerApp
    companies: int
    sends: int  # accepted since the first of the month
    refused: int  # addresses
    is_own: bool

    @property
    def sends_shown(self) -> str:
        return str(format_decimal(self.sends))


@dataclass(frozen=True)
class CategoryLink:
    key: str  # empty for all of them
    name: str
    icon: str
    count: int
    is_current: bool


@dataclass(frozen=True)
class Store:
    q: str
    category: str
    categories: list[CategoryLink]
    mine: list[Card]
    others: list[PartnerApp]
    may_add: bool

    @property
    def is_narrowed(self) -> bool:
        return bool(self.q or self.category)


def store_for(person: Person, q: str, category: str) -> Store:
    """The store as the person searched it; an unknown category is none."""
    q = searched(q, 100)
    cards = _cards(person)
    adopted = {card.app.key for card in cards}
    others = sorted(
        (app for key, app in catalogue.everything().items() if key not in adopted),
        key=lambda app: (app.category == "other", plain(app.name)),
    )
    every_app = [*(card.app for card in cards), *others]
    if category not in {app.category for app in every_app}:
        category = ""
    return Store(
        q=q,
        category=category,
        categories=_links(every_app, q, category),
        mine=_narrowed(cards, lambda card: card.app, q, category),
        others=_narrowed(others, lambda app: app, q, category),
        may_add=may_add(person),
    )


def may_add(person: Person) -> bool:
    firm = person.firm
    return person.is_firm_admin and firm is not None and firm.may_adopt_apps


def _cards(person: Person) -> list[Card]:
    own = {row.key: apps.described(row) for row in db.session.scalars(select(OwnApp))}
    known = {**catalogue.everything(), **own}
    companies = _companies(person)
    sends = _sends(person)
    refused = _refused(person)
    keys = db.session.scalars(select(FirmApp.app_key).order_by(FirmApp.adopted_at))
    return [
        Card(
            known[key],
            companies.get(key, 0),
            sends.get(key, 0),
            refused.get(key, 0),
            key in own,
        )
        for key in keys
        if key in known
    ]


def _companies(person: Person) -> dict[str, int]:
    return _counted(_connections(person).where(Connection.revoked_at.is_(None)))


def _sends(person: Person) -> dict[str, int]:
    return _counted(
        _connections(person)
        .join(Delivery, Delivery.connection_id == Connection.id)
        .where(Delivery.accepted_at >= _month_start())
    )


def _refused(person: Person) -> dict[str, int]:
    return _counted(
        _connections(person)
        .join(Destination, Destination.connection_id == Connection.id)
        .where(Connection.revoked_at.is_(None), Destination.refused_at.is_not(None))
    )


def _connections(person: Person) -> Select[Any]:
    """Those of the companies that the person may enter."""
    seen = Company.visible_to(person).where(Company.archived_at.is_(None))
    return select(Connection.app_key).where(
        Connection.company_id.in_(seen.with_only_columns(Company.id))
    )


def _counted(app_keys: Select[Any]) -> dict[str, int]:
    counted = app_keys.add_columns(func.count()).group_by(Connection.app_key)
    return dict(db.session.execute(counted).all())


def _month_start() -> datetime:
    return midnight(utc_now(), day=1)


def _links(every_app: list[PartnerApp], q: str, current: str) -> list[CategoryLink]:
    """Of the categories that have an application, with how many the search finds."""
    found = [app.category for app in every_app if _matches(app, q)]
    there = {app.category for app in every_app}
    everything = CategoryLink("", _("All"), "layout-grid-add", len(found), not current)
    return [everything] + [
        CategoryLink(
            each.key,
            each.name,
            each.icon,
            found.count(each.key),
            each.key == current,
        )
        for each in every_category()
        if each.key in there
    ]


def _narrowed(
    items: Iterable[Item], app_of: Callable[[Item], PartnerApp], q: str, category: str
) -> list[Item]:
    return [
        item
        for item in items
        if category in {"", app_of(item).category} and _matches(app_of(item), q)
    ]


def _matches(app: PartnerApp, q: str) -> bool:
    """Every word that was typed is somewhere in its name, summary or category."""
    text = plain(f"{app.name} {app.summary} {app.category_name}")
    return all(word in text for word in plain(q).split())
