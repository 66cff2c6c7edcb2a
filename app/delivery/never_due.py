"""Why nothing was made of a document, though its folder is on now: what it was like
when it came. Its versions and its way through the trash say nothing of that.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from app.connectors.models import FolderSwitch
from app.db import db
from app.delivery.planning import FRESH, Effective
from app.formats import fulltime
from app.library.models import Arrival, Document, Folder
from app.texts import gettext as _

# All that «Pourquoi ?» says where there is no delivery; the first two of a folder that
# is not on.
STATES = (
    *("not_switched", "switched_off", "before_switch"),
    *("was_off", "came_with_folder", "not_due"),
)


def why_not_due(document: Document, setting: Effective, at: Folder) -> tuple[str, str]:
    """The state and the sentence; `at` is the folder whose setting decides."""
    came = _came(document)
    opened = setting.switch.opened_at
    if came and came[0] <= opened:
        text = _(
            "Deposited before “%(folder)s” was switched on, on %(time)s.",
            folder=at.name,
            time=fulltime(opened),
        )
        return "before_switch", text
    way = _way_to(document.folder_id, at.id)
    if came and (off := _off_at(came[-1], way, setting)):
        text = _("The folder “%(folder)s” was off when it came.", folder=off.name)
        return "was_off", text
    if came and any(folder.moved_at and folder.moved_at > came[-1] for folder in way):
        return "came_with_folder", _("It came here with its folder: not by itself.")
    return "not_due", _("It was not due when it came: it leaves by hand only.")


def _came(document: Document) -> Sequence[datetime]:
    """When it was deposited, then moved from folder to folder."""
    return db.session.scalars(
        select(Arrival.at)
        .where(
            Arrival.document_id == document.id, Arrival.kind.in_((*FRESH, "move_in"))
        )
        .order_by(Arrival.id)
    ).all()


def _way_to(folder_id: uuid.UUID, above_id: uuid.UUID) -> list[Folder]:
    """The folder and those above it, as far as below the one that decides."""
    way: list[Folder] = []
    next_id: uuid.UUID | None = folder_id
    while next_id and next_id != above_id:
        way.append(db.session.get_one(Folder, next_id))
        next_id = way[-1].parent_id
    return way


def _off_at(moment: datetime, way: list[Folder], setting: Effective) -> Folder | None:
    """The nearest of them that was off by itself at that time."""
    off = db.session.scalars(
        select(FolderSwitch.folder_id).where(
            FolderSwitch.folder_id.in_([folder.id for folder in way]),
            FolderSwitch.connection_id == setting.connection_id,
            FolderSwitch.slot == setting.slot,
            FolderSwitch.is_on.is_(False),
            FolderSwitch.opened_at <= moment,
            FolderSwitch.closed_at > moment,
        )
    ).all()
    return next((folder for folder in way if folder.id in off), None)
