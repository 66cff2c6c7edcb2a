"""The decision of every arrival, taken again from the history of the switches.

A folder that was moved since has other ancestors now: what came before the move is
left out. Some arrivals are read at a time, however many there are.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select

from app.companies.models import Company
from app.connectors.models import FolderSwitch
from app.db import db
from app.delivery.models import Delivery
from app.delivery.planning import FRESH
from app.library.models import Arrival, Folder

Key = tuple[uuid.UUID, str]  # connection, slot
A_BATCH = 1000


def wrong_decisions() -> Iterator[tuple[uuid.UUID, str]]:
    """(arrival, what is wrong), company by company; reads only."""
    for company_id in db.session.scalars(select(Company.id)).all():
        last: uuid.UUID | None = None
        while arrivals := _next_arrivals(company_id, last):
            yield from _of_company(company_id, arrivals)
            last = arrivals[-1].id
            db.session.expunge_all()
            db.session.commit()  # no transaction lasts as long as the whole reading


def _next_arrivals(company_id: uuid.UUID, last: uuid.UUID | None) -> list[Arrival]:
    wanted = (
        select(Arrival)
        .where(Arrival.company_id == company_id, Arrival.kind.in_(FRESH))
        .order_by(Arrival.id)
        .limit(A_BATCH)
    )
    if last is not None:
        wanted = wanted.where(Arrival.id > last)
    return list(db.session.scalars(wanted))


def _of_company(
    company_id: uuid.UUID, arrivals: list[Arrival]
) -> Iterator[tuple[uuid.UUID, str]]:
    # The arrivals were read before: whatever opened before them is there by now.
    folders = db.session.execute(
        select(Folder.id, Folder.parent_id, Folder.moved_at).where(
            Folder.company_id == company_id
        )
    ).all()
    parents = {folder_id: parent_id for folder_id, parent_id, _at in folders}
    moved = {folder_id: at for folder_id, _parent, at in folders if at}
    periods: dict[uuid.UUID, list[FolderSwitch]] = defaultdict(list)
    for period in db.session.scalars(
        select(FolderSwitch).where(FolderSwitch.company_id == company_id)
    ):
        periods[period.folder_id].append(period)
    made = _deliveries([arrival.document_id for arrival in arrivals])
    for arrival in arrivals:
        if _was_moved(arrival, parents, moved):
            continue
        due = _due(arrival.folder_id, arrival.at, parents, periods)
        got = made[arrival.document_id]
        for connection_id, slot in due - got.keys():
            yield arrival.id, f"due to {connection_id} ({slot}), but nothing was made"
        for key, arrival_id in got.items():
            if arrival_id == arrival.id and key not in due:
                yield arrival.id, f"made for {key[0]} ({key[1]}), but was not due"


def _deliveries(
    document_ids: list[uuid.UUID],
) -> dict[uuid.UUID, dict[Key, uuid.UUID | None]]:
    """By document: for which connection and slot, and of which arrival; the first one
    of each, since a new version leaves in the place of the one that arrived."""
    made: dict[uuid.UUID, dict[Key, uuid.UUID | None]] = defaultdict(dict)
    rows = db.session.execute(
        select(
            *(Delivery.document_id, Delivery.connection_id, Delivery.slot),
            *(Delivery.arrival_id, Delivery.switch_id),
        )
        .where(Delivery.document_id.in_(document_ids))
        .order_by(Delivery.id.desc())
    )
    for document_id, connection_id, slot, arrival_id, switch_id in rows:
        # One that a person asked for proves nothing about the arrival.
        by_itself = arrival_id if switch_id else None
        made[document_id][connection_id, slot] = by_itself
    return made


def _was_moved(
    arrival: Arrival,
    parents: dict[uuid.UUID, uuid.UUID | None],
    moved: dict[uuid.UUID, datetime],
) -> bool:
    """Whether its folder, or one above it, was moved after it had arrived."""
    folder_id: uuid.UUID | None = arrival.folder_id
    while folder_id is not None:
        if folder_id in moved and moved[folder_id] > arrival.at:
            return True
        folder_id = parents.get(folder_id)
    return False


def _due(
    folder_id: uuid.UUID | None,
    at: datetime,
    parents: dict[uuid.UUID, uuid.UUID | None],
    periods: dict[uuid.UUID, list[FolderSwitch]],
) -> set[Key]:
    """What the nearest setting at or above the folder had on at that time."""
    nearest: dict[Key, bool] = {}
    while folder_id is not None:
        for period in periods.get(folder_id, ()):
            is_open = period.opened_at <= at and (
                period.closed_at is None or period.closed_at > at
            )
            if is_open:
                nearest.setdefault((period.connection_id, period.slot), period.is_on)
        folder_id = parents.get(folder_id)
    return {key for key, is_on in nearest.items() if is_on}
