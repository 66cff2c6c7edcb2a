"""Looking through connections: what a person may ask for, and the statements for it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask_login import current_user
from sqlalchemy import ColumnElement, ScalarSelect, Select, case, func, select

from app.companies.models import Company
from app.connectors import states
from app.connectors.models import Connection, Destination
from app.db import db
from app.delivery.models import LEASED, WAITING, Delivery
from app.delivery.needing import needs_a_person
from app.folding import folded, folded_column
from app.typed import searched, whole

SORTS = (
    *("company", "app", "since", "state"),
    *("destination", "success", "waiting", "blocked"),
)
# What is looked for there is the latest, or the most: it comes first at once.
_DOWN_FIRST = {"since", "success", "waiting", "blocked"}
# They go by themselves: the next run sends them, or is sending them.
LEAVING = (*WAITING, *LEASED)


@dataclass(frozen=True)
class Wanted:
    """What the person asked to see; every field but `q` is one of a known few."""

    q: str = ""
    app: str = ""
    state: str = ""
    sort: str = "company"
    dir: str = "asc"
    page: int = 1

    @property
    def is_filtered(self) -> bool:
        return bool(self.q or self.app or self.state)

    def query(self, **changes: Any) -> dict[str, Any]:
        """The query string of the same page with these changes, without defaults."""
        after = replace(self, **{"page": 1, **changes})
        plain = vars(Wanted())
        return {k: v for k, v in vars(after).items() if v != plain[k]}

    def turned(self, sort: str) -> dict[str, Any]:
        """What a click on the head of that column asks for."""
        way = "desc" if sort in _DOWN_FIRST else "asc"
        if sort == self.sort:
            way = "asc" if self.dir == "desc" else "desc"
        return self.query(sort=sort, dir=way)


def wanted(args: Mapping[str, str]) -> Wanted:
    """Read from a query string; what is unknown there counts as not given."""

    def among(name: str, known: tuple[str, ...]) -> str:
        given = args.get(name, "")
        return given if given in known else str(getattr(Wanted, name))

    return Wanted(
        q=searched(args.get("q", ""), 255),
        app=searched(args.get("app", ""), 40),
        state=among("state", states.STATES),
        sort=among("sort", SORTS),
        dir=among("dir", ("asc", "desc")),
        page=max(1, whole(args.get("page"), 1)),
    )


def found(asked: Wanted) -> Select[Connection]:
    """What the person may see of what is asked for, in any state and no order."""
    wanted = (
        Company.visible_to(current_user)
        .where(Company.archived_at.is_(None))
        .join(Connection, Connection.company_id == Company.id)
        .with_only_columns(Connection, maintain_column_froms=True)
    )
    if asked.q:
        name = folded_column(Company.name)
        wanted = wanted.where(name.contains(folded(asked.q), autoescape=True))
    return wanted.where(Connection.app_key == asked.app) if asked.app else wanted


def counts(wanted: Select[Connection]) -> dict[str, int]:
    """How many there are in each state."""
    each = wanted.with_only_columns(states.column().label("state")).subquery()
    counted = select(each.c.state, func.count()).group_by(each.c.state)
    return dict(db.session.execute(counted).all())


def in_order(asked: Wanted, app_keys: list[str]) -> Select[Connection]:
    """Every connection asked for, in the order asked for; `app_keys` are by name."""
    wanted = found(asked)
    if asked.state:
        wanted = wanted.where(states.column() == asked.state)
    return wanted.order_by(*_order(asked, app_keys))


def _order(asked: Wanted, app_keys: list[str]) -> list[ColumnElement[Any]]:
    name = folded_column(Company.name)
    ranks = {key: place for place, key in enumerate(app_keys)}
    by: dict[str, ColumnElement[Any]] = {
        "company": name,
        "app": case(ranks, value=Connection.app_key, else_=len(ranks)),
        "since": Connection.authorised_at.expression,
        "state": case(
            {state: place for place, state in enumerate(states.STATES)},
            value=states.column(),
        ),
        "destination": _first_address(),
        "success": Connection.last_success_at.expression,
        "waiting": leaving_of(),
        "blocked": blocked_of(),
    }
    column = by[asked.sort]
    order: list[ColumnElement[Any]] = [column.desc() if asked.dir == "desc" else column]
    if asked.sort in {"destination", "success"}:
        order.insert(0, column.is_(None))  # what is not there comes last, either way
    return [*order, name, by["app"], Connection.id.expression]


def _first_address() -> ScalarSelect[str]:
    return (
        select(func.min(func.lower(Destination.address)))
        .where(Destination.connection_id == Connection.id)
        .correlate(Connection)
        .scalar_subquery()
    )


def leaving_of() -> ScalarSelect[int]:
    return _deliveries(Delivery.state.in_(LEAVING))


def blocked_of() -> ScalarSelect[int]:
    return _deliveries(needs_a_person())


def _deliveries(which: ColumnElement[bool]) -> ScalarSelect[int]:
    """How many of the connection are there; by the index of those still open."""
    return (
        select(func.count())
        .select_from(Delivery)
        .where(
            Delivery.company_id == Connection.company_id,
            Delivery.connection_id == Connection.id,
            which,
        )
        .correlate(Connection)
        .scalar_subquery()
    )
