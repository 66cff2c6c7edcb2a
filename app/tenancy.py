"""Which firm a request is for, by its Host, and the filter that holds it to that firm.

A host that belongs to nobody is 404: there is no default firm. Within a request
every ORM statement over a tenant's table is filtered by the firm, so that a look-up
which forgets it finds nothing of another one.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from flask import Flask, abort, current_app, g, request
from sqlalchemy import Executable, event
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption

from app.db import TenantOwned, db, set_read_only

FirmAt = Callable[[str], Any]


def init_app(app: Flask, firm_at: FirmAt) -> None:
    """`firm_at(host)` gives the firm that answers there, or None."""
    app.extensions["guichet.firm_at"] = firm_at
    app.before_request(find_tenant)
    app.teardown_request(lambda _error: set_read_only(False))
    with app.app_context():
        event.listen(db.session, "do_orm_execute", hold_to_tenant)


def find_tenant() -> None:
    set_read_only(request.method in {"GET", "HEAD", "OPTIONS"})
    g.firm = None
    if request.endpoint in {"operator.healthz", "operator.readyz", "static"}:
        return
    host = request.host.split(":")[0].rstrip(".").lower()
    if host == current_app.config["PLATFORM_DOMAIN"]:
        return
    g.firm = current_app.extensions["guichet.firm_at"](host)
    if g.firm is None or g.firm.suspended_at:
        g.firm = None
        g.is_unknown_host = True
        abort(404)
    db.session.info["firm_id"] = g.firm.id


def hold_to_tenant(state: ORMExecuteState) -> None:
    firm_id = state.session.info.get("firm_id")
    if firm_id is None or state.is_column_load or state.is_relationship_load:
        return
    if state.execution_options.get("across_firms"):
        return  # a name that must be free everywhere is looked for everywhere
    state.statement = _held_to(firm_id, state.statement)


def _held_to(firm_id: UUID, statement: Executable) -> Executable:
    """The statement for that firm alone.

    One that is kept stays held to the firms that use it: made anew each time, it would
    be read through each time, to find how it was compiled.
    """
    of_firms = _held.setdefault(statement, {})
    if (held := of_firms.get(firm_id)) is None:
        if len(of_firms) >= MOST_FIRMS:
            of_firms.clear()
        held = of_firms[firm_id] = statement.options(_only_of(firm_id))
    return held


MOST_FIRMS = 16  # of one statement: each takes some 17 kB
_held: WeakKeyDictionary[Executable, dict[UUID, Executable]] = WeakKeyDictionary()


@lru_cache(maxsize=1024)
def _only_of(firm_id: UUID) -> ExecutableOption:
    return with_loader_criteria(
        TenantOwned, lambda row: row.firm_id == firm_id, include_aliases=True
    )
