"""Switching a folder towards an application, for it and all that lies below.

The nearest explicit setting decides. Switching on clears the settings below and opens
a new period: what was there before never leaves by itself.
"""

import uuid

from sqlalchemy import select, update

from app.activity.recording import record
from app.connectors import reach
from app.connectors.models import Connection, FolderSwitch
from app.db import database_now, db
from app.delivery import covering
from app.errors import Refused
from app.library.models import Folder
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _

STATES = ("on", "off", "inherit")


def set_switch(
    folder: Folder,
    connection: Connection,
    slot: str,
    state: str,
    *,
    by: Person | None,
    sent: int = 0,
) -> int:
    """Set it; gives the number of waiting documents that will not leave any more.

    `sent` is for the trail: documents that a person let go all the same.
    """
    lock_company(folder.company_id, exclusive=True)
    here = _open_at(folder.id, connection, slot)
    if state == "on":
        if here is None or not here.is_on:
            _switch_on(folder, connection, slot, by)
    else:
        if here is not None:
            _close([here.id], by)
        if state == "off" and covering.is_on(folder.id, connection.id, slot):
            _open(folder, connection, slot, by, is_on=False)
    cancelled = covering.cancel_uncovered(connection, slot)
    record(
        f"switch_{state}",
        firm_id=folder.firm_id,
        company_id=folder.company_id,
        actor_id=by.id if by else None,
        firm_only=True,
        folder=str(folder.id),
        app=connection.app_key,
        slot=slot,
        cancelled=cancelled,
        sent=sent,
    )
    return cancelled


def _switch_on(
    folder: Folder, connection: Connection, slot: str, by: Person | None
) -> None:
    inside = reach.settings_inside(folder.id, connection, slot)
    closed = list(db.session.scalars(inside))
    _close(closed, by)
    _open(folder, connection, slot, by, is_on=True)


def _open_at(
    folder_id: uuid.UUID, connection: Connection, slot: str
) -> FolderSwitch | None:
    return db.session.scalar(
        select(FolderSwitch).where(
            FolderSwitch.folder_id == folder_id, *reach.open_for(connection, slot)
        )
    )


def _open(
    folder: Folder,
    connection: Connection,
    slot: str,
    by: Person | None,
    *,
    is_on: bool,
) -> FolderSwitch:
    if is_on and not connection.is_authorised:
        raise Refused(_("Authorise the company in Applications first."))
    setting = FolderSwitch(
        firm_id=folder.firm_id,
        company_id=folder.company_id,
        folder_id=folder.id,
        connection_id=connection.id,
        slot=slot,
        is_on=is_on,
        opened_at=database_now(),
        opened_by_id=by.id if by else None,
    )
    db.session.add(setting)
    db.session.flush()
    return setting


def _close(ids: list[uuid.UUID], by: Person | None) -> None:
    db.session.execute(
        update(FolderSwitch)
        .where(FolderSwitch.id.in_(ids))
        .values(closed_at=database_now(), closed_by_id=by.id if by else None)
    )
