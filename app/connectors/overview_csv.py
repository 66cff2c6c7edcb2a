"""The connections as a file for spreadsheets, written while it is sent."""

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime

from flask_babel import to_user_timezone
from sqlalchemy import select

from app.connectors.models import Connection
from app.connectors.overview import Address, Row, known_apps, rows
from app.connectors.overview_search import Wanted, in_order
from app.db import db
from app.formats import CSV_MARK, csv_lines
from app.texts import gettext as _

A_BATCH = 500


def csv_file(asked: Wanted) -> Iterator[str]:
    """The file in parts. No transaction is open while a part is on its way."""
    known = known_apps()
    wanted = in_order(asked, known.keys_by_name).with_only_columns(Connection.id)
    ids = db.session.scalars(wanted).all()
    db.session.commit()
    yield CSV_MARK + csv_lines([_heads()])
    for start in range(0, len(ids), A_BATCH):
        batch = ids[start : start + A_BATCH]
        found = select(Connection).join(Connection.company)
        told = rows(found.where(Connection.id.in_(batch)), known)
        db.session.commit()
        yield csv_lines(_cells(row) for row in _as_in(batch, told))
        db.session.expunge_all()


def _as_in(ids: Iterable[uuid.UUID], told: list[Row]) -> list[Row]:
    by_id = {row.connection.id: row for row in told}
    return [by_id[id] for id in ids if id in by_id]


def _heads() -> list[str]:
    return [
        *(_("Company"), _("Application"), _("Since"), _("Authorised by")),
        *(_("Status"), _("Sender"), _("Destinations")),
        *(_("Last send"), _("To be sent"), _("Blocked")),
    ]


def _cells(row: Row) -> list[str]:
    connection = row.connection
    return [
        *(row.company.name, row.app_name),
        *(_time(connection.authorised_at), row.authorised_by),
        *(row.badge.label, connection.bot_address),
        ", ".join(_address(a) for a in row.addresses if a.address),
        _time(connection.last_success_at),
        *(str(row.waiting), str(row.blocked)),
    ]


def _address(address: Address) -> str:
    return ": ".join(part for part in (address.slot, address.address) if part)


def _time(at: datetime | None) -> str:
    return to_user_timezone(at).strftime("%Y-%m-%d %H:%M") if at else ""
