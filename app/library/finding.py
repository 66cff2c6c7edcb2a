"""The one way to a folder or a document: through the company and the person.

What the person may not see is not found: 404, whatever the reason.
"""

import uuid
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

from flask import abort, request, url_for
from sqlalchemy import Select, bindparam, select
from werkzeug.exceptions import Forbidden

from app.companies.finding import (
    Reach,
    called,
    company_and_role,
    let_change,
    reach,
    role_in,
    who_asks,
)
from app.companies.models import Company
from app.db import db, id_from
from app.errors import Refused
from app.library.models import Document, Folder
from app.library.permissions import why_closed
from app.library.taking import in_the_trash
from app.library.tree import (
    Sight,
    alive_way,
    hidden_folders,
    ids_upwards,
    sight_of,
)
from app.texts import gettext as _


@dataclass(frozen=True)
class Place:
    """A folder that the person may see, with the way to it."""

    company: Company
    path: list[Folder]
    sight: Sight

    @property
    def folder(self) -> Folder:
        return self.path[-1]

    @property
    def url(self) -> str:
        return url_of(self.company, self.folder)


def url_of(company: Company, folder: Folder) -> str:
    return url_for("library.show", slug=company.slug, folder_id=folder.id)


def hidden_from(place: Place) -> set[uuid.UUID]:
    """The ids of the company's folders that the person of the place does not see."""
    if place.sight.firm_side:
        return set()
    return set(db.session.scalars(hidden_folders(place.company, place.sight)))


def place_or_404(slug: str, folder_id: uuid.UUID) -> Place:
    """Raises Refused for a change of an archived company, or in a folder that has gone
    to the trash meanwhile."""
    asked = _asked(reach())
    given = who_asks(slug) | {"folder_id": folder_id}
    rows = db.session.execute(asked, given).all()
    if not rows:
        company_and_role(slug)  # it may lead on to where the company is now
        abort(404)
    company = rows[0][0]
    let_change(company)
    sight = sight_of(role_in(rows[0]), company)
    folders = [row[2] for row in rows]
    if not all(sight.allows(folder) for folder in folders):
        abort(404)
    path = alive_way(folder_id, folders)
    if not path:
        _only_there_to_act_on()
        raise Refused(_("This folder is in the trash. Restore it first."))
    return Place(company, path, sight)


@cache
def _asked(of: Reach) -> Select[Any]:
    """The company with the reader's role, and the folder with those above it."""
    above = ids_upwards(Folder.id == bindparam("folder_id"))
    here = called(of).join(Folder, Folder.company_id == Company.id)
    return here.join(above, above.c.id == Folder.id).add_columns(Folder)


def chosen_folder(place: Place, given: str, field: str) -> Folder:
    """What was chosen in a form, for something of the place to go to: 404 when the
    person may not see it. Raises Refused."""
    folder_id = id_from(given)
    if folder_id is None:
        raise Refused(_("Choose a folder."), field)
    to = place_or_404(place.company.slug, folder_id)
    if not to.sight.may_deposit_in(to.folder):
        raise Refused(_("This folder is read-only for you."), field)
    return to.folder


def document_or_404(document_id: uuid.UUID) -> tuple[Document, Place]:
    """Raises Refused for an act on one that has gone to the trash meanwhile."""
    found = db.session.execute(
        select(Document, Company.slug)
        .join(Company, Company.id == Document.company_id)
        .where(Document.id == document_id)
    ).one_or_none()
    if found is None:
        abort(404)
    document, slug = found
    if document.trashed_at:
        _only_there_to_act_on()
    place = place_or_404(slug, document.folder_id)
    if document.trashed_at:
        raise Refused(in_the_trash())
    return document, place


class Closed(Refused):
    """What the firm has done since keeps a client from it."""

    status = 403


def keep_out(document: Document, place: Place, act: str) -> NoReturn:
    """403 for an act that is not open to the person, with why where it was until
    lately."""
    why = why_closed(document, place.folder, place.sight, act)
    raise Closed(why) if why else Forbidden


def _only_there_to_act_on() -> None:
    """What is in the trash has no page: 404."""
    if request.method in {"GET", "HEAD"}:
        abort(404)
