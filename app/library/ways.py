"""The folders that a file of a directory lies in, made where they are missing.

«a/b»: two folders, one in the other. Each is made once, also when many files of the
directory come at the same time. The caller commits.
"""

import uuid

from sqlalchemy import select

from app.companies.models import Company
from app.db import db
from app.errors import Refused
from app.library.making import make_folder
from app.library.models import Folder
from app.library.naming import LONGEST as LONGEST_NAME, shortened
from app.library.renaming import legible
from app.library.tree import Sight
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _

LONGEST = 4000  # characters of a way


def folder_at(
    company: Company, start: Folder, way: str, sight: Sight, *, by: Person
) -> Folder:
    """The folder at the end of the way from `start`. Raises Refused where the person
    may not file, or where a name cannot be kept."""
    names = _names(way)
    folder, missing = _walk(start, names, sight)
    if missing:
        # Whoever makes some of them now is done before we look again.
        lock_company(company.id, exclusive=True)
        folder, missing = _walk(start, names, sight)
    for name in missing:
        folder = make_folder(company, folder, name, by=by)
    return folder


def _names(way: str) -> list[str]:
    if len(way) > LONGEST:
        raise Refused(_("There are too many folders inside one another."), "path")
    return [shortened(legible(part)) for part in way.split("/") if part]


def is_shortened(way: str) -> bool:
    """Whether a folder on it is called by the beginning of its name only."""
    return any(len(legible(part)) > LONGEST_NAME for part in way.split("/") if part)


def _walk(start: Folder, names: list[str], sight: Sight) -> tuple[Folder, list[str]]:
    """As far as the folders are there: the last one, and the names of the missing."""
    at = start
    for place, name in enumerate(names):
        below = _below(at.id, name, sight)
        if below is None:
            return at, names[place:]
        if not sight.may_deposit_in(below):
            raise Refused(_("This folder is read-only for you."), "path")
        at = below
    return at, []


def _below(parent_id: uuid.UUID, name: str, sight: Sight) -> Folder | None:
    """The person's folder of that name; one that has a number, beside a folder of the
    same name that they may not see."""
    found = db.session.scalars(
        select(Folder)
        .where(
            Folder.parent_id == parent_id,
            Folder.trashed_at.is_(None),
            Folder.name.startswith(name, autoescape=True),
        )
        .order_by(Folder.position)
        .execution_options(populate_existing=True)
    ).all()
    seen = [folder for folder in found if sight.allows(folder)]
    exact = [folder for folder in seen if folder.name == name]
    if exact:
        return exact[0]
    if all(folder.name != name for folder in found):
        return None
    numbered = (folder for folder in seen if folder.name.startswith(f"{name} ("))
    return next(numbered, None)
