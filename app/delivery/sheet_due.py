"""Why a delivery was due: the period of a switch, or a person who asked for it."""

import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.connectors.models import FolderSwitch
from app.db import db
from app.delivery.models import Delivery
from app.delivery.sheet_chain import TrailLine
from app.delivery.sheet_times import told
from app.formats import fulltime
from app.library.models import Arrival, Folder
from app.people.models import Person
from app.texts import gettext as _

Due = dict[str, Any]  # as the sheet shows it


def dues(found: list[Delivery], trail: list[TrailLine]) -> dict[uuid.UUID, Due]:
    """For each of the deliveries of one document."""
    periods = _periods({row.switch_id for row in found if row.switch_id})
    arrivals = _arrivals({row.arrival_id for row in found if row.arrival_id})
    asked = {
        line.delivery: line for line in trail if line.entry.verb == "transmit_asked"
    }
    causes: dict[uuid.UUID, Due] = {}
    for row in found:  # the oldest first
        before = causes.get(row.retry_of_id) if row.retry_of_id else None
        causes[row.id] = _cause(row, periods, asked.get(str(row.id)), before)
    return {
        row.id: {
            **causes[row.id],
            "arrival": arrivals.get(row.arrival_id) if row.arrival_id else None,
        }
        for row in found
    }


def _cause(
    row: Delivery,
    periods: dict[uuid.UUID, Due],
    asked: TrailLine | None,
    before: Due | None,
) -> Due:
    """`before`: why the one was due that it follows. A new version leaves for the same
    reason as the one that it takes the place of."""
    if asked is not None:
        who = asked.by or _("the operator")
        text = _(
            "By hand, by %(name)s, on %(time)s.",
            name=who,
            time=fulltime(asked.entry.at),
        )
        return {"by": "hand", "person": who, "at": told(asked.entry.at), "text": text}
    if row.switch_id and row.switch_id in periods:
        return periods[row.switch_id]
    if before is not None:
        return before
    text = _("The folder was on when it arrived; it was let go when that ended.")
    return {"by": "switch", "text": text}


def _periods(ids: set[uuid.UUID]) -> dict[uuid.UUID, Due]:
    closer = aliased(Person)
    rows = db.session.execute(
        select(FolderSwitch, Folder.name, Person.name, closer.name)
        .join(Folder, Folder.id == FolderSwitch.folder_id)
        .outerjoin(Person, Person.id == FolderSwitch.opened_by_id)
        .outerjoin(closer, closer.id == FolderSwitch.closed_by_id)
        .where(FolderSwitch.id.in_(ids))
    )
    return {
        period.id: {
            "by": "switch",
            "folder": folder,
            "opened_at": told(period.opened_at),
            "opened_by": opener,
            "closed_at": told(period.closed_at),
            "closed_by": closed_by,
            "text": _(
                "The folder “%(folder)s” was switched on by %(name)s on %(time)s.",
                folder=folder,
                name=opener or _("the operator"),
                time=fulltime(period.opened_at),
            ),
        }
        for period, folder, opener, closed_by in rows
    }


def _arrivals(ids: set[uuid.UUID]) -> dict[uuid.UUID, Due]:
    rows = db.session.execute(
        select(Arrival, Folder.name)
        .join(Folder, Folder.id == Arrival.folder_id)
        .where(Arrival.id.in_(ids))
    )
    return {
        arrived.id: {
            "at": told(arrived.at),
            "kind": arrived.kind,
            "channel": arrived.channel,
            "folder": folder,
        }
        for arrived, folder in rows
    }
