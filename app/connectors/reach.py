"""Which folders a setting reaches."""

import uuid

from sqlalchemy import CTE, ColumnElement, Select, select
from sqlalchemy.orm import aliased

from app.connectors.models import Connection, FolderSwitch
from app.library.models import Folder


def subtree(folder_id: uuid.UUID) -> CTE:
    """Ids of the folder and of all that lie below it."""
    start = (
        select(Folder.id).where(Folder.id == folder_id).cte("inside", recursive=True)
    )
    child = aliased(Folder)
    return start.union_all(
        select(child.id)
        .join(start, child.parent_id == start.c.id)
        .where(child.trashed_at.is_(None))
    )


def following(folder_id: uuid.UUID, connection: Connection, slot: str) -> CTE:
    """The folder and those below for which no nearer setting decides."""
    start = (
        select(Folder.id).where(Folder.id == folder_id).cte("following", recursive=True)
    )
    child = aliased(Folder)
    has_its_own = (
        select(FolderSwitch.id)
        .where(FolderSwitch.folder_id == child.id, *open_for(connection, slot))
        .exists()
    )
    return start.union_all(
        select(child.id)
        .join(start, child.parent_id == start.c.id)
        .where(child.trashed_at.is_(None), ~has_its_own)
    )


def settings_inside(
    folder_id: uuid.UUID, connection: Connection, slot: str
) -> Select[uuid.UUID]:
    """Ids of what is set at the folder and below it: found by going up from each, for
    they are few however many folders there are."""
    here = aliased(Folder)
    way = (
        select(FolderSwitch.id.label("setting_id"), here.id, here.parent_id)
        .add_columns(here.trashed_at)
        .join(here, here.id == FolderSwitch.folder_id)
        .where(*open_for(connection, slot))
        .cte("way", recursive=True)
    )
    above = aliased(Folder)
    way = way.union_all(
        select(way.c.setting_id, above.id, above.parent_id, above.trashed_at)
        .join(way, above.id == way.c.parent_id)
        # What was put in the trash is below nothing any more.
        .where(way.c.id != folder_id, way.c.trashed_at.is_(None))
    )
    return select(way.c.setting_id).where(way.c.id == folder_id)


def open_for(connection: Connection, slot: str) -> tuple[ColumnElement[bool], ...]:
    return (
        FolderSwitch.connection_id == connection.id,
        FolderSwitch.slot == slot,
        FolderSwitch.closed_at.is_(None),
    )
