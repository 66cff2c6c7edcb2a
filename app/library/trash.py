"""What lies in the trash, as a person may see it, and the one way to each of it."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from flask import abort
from sqlalchemy import ColumnElement, Select, or_, select, tuple_
from sqlalchemy.orm import aliased

from app.companies.finding import companies_and_roles, company_and_role
from app.companies.models import Company
from app.db import db, utc_now
from app.library.models import Document, Folder
from app.library.ordering import moment_at, moment_of
from app.library.trashing import KEPT
from app.library.tree import Sight, hidden_folders, sight_of
from app.people.models import Person

A_PAGE = 200


@dataclass(frozen=True)
class Thing:
    """A document, or a folder with all that went with it."""

    id: uuid.UUID
    is_folder: bool
    name: str
    where: str  # the folder that it was in
    company: str
    by: str
    trashed_at: datetime
    days_left: int


Sights = list[tuple[Company, Sight]]


def things(places: Sights, after: str | None = None) -> tuple[list[Thing], str | None]:
    """A page, the newest first, and the place that the next one begins behind, where
    there is more; as many queries for a thousand companies as for one."""
    behind = moment_of(after)
    found = [*_documents(places, behind), *_folders(places, behind)]
    found.sort(key=lambda thing: (thing.trashed_at, thing.id), reverse=True)
    page = found[:A_PAGE]
    is_last = len(found) == len(page)
    return page, None if is_last else moment_at(page[-1].trashed_at, page[-1].id)


def places(slug: str | None) -> Sights:
    """The companies that the person may enter, or the one that was asked for."""
    entered = [company_and_role(slug)] if slug else companies_and_roles()
    return [(company, sight_of(role, company)) for company, role in entered]


def lying_document(document_id: uuid.UUID) -> Document | None:
    """In the trash on its own; 404 when its folder is not one that the person may file
    into."""
    document = db.session.scalar(
        select(Document).where(
            Document.id == document_id,
            Document.trashed_at.is_not(None),
            Document.trashed_with_id.is_(None),
        )
    )
    if document:
        _reachable_or_404(db.session.get_one(Folder, document.folder_id))
    return document


def lying_folder(folder_id: uuid.UUID) -> Folder | None:
    """The same of a folder."""
    folder = db.session.scalar(
        select(Folder).where(
            Folder.id == folder_id, Folder.trashed_with_id == folder_id
        )
    )
    if folder:
        _reachable_or_404(folder)
    return folder


def _reachable_or_404(folder: Folder) -> None:
    company = db.session.get_one(Company, folder.company_id)
    _company, role = company_and_role(company.slug)
    sight = sight_of(role, company)
    hidden = hidden_folders(company, sight)
    is_hidden = db.session.scalar(
        select(Folder.id).where(Folder.id == folder.id, Folder.id.in_(hidden))
    )
    if is_hidden or not sight.may_deposit_in(folder):
        abort(404)


def _documents(places: Sights, behind: dict[str, Any]) -> list[Thing]:
    wanted = (
        select(Document, Folder.name, Person.name, Company.name)
        .join(Folder, Folder.id == Document.folder_id)
        .join(Company, Company.id == Document.company_id)
        .outerjoin(Person, Person.id == Document.trashed_by_id)
        .where(Document.trashed_with_id.is_(None), _may_see(places))
    )
    return _newest(wanted, Document, behind)


def _folders(places: Sights, behind: dict[str, Any]) -> list[Thing]:
    above = aliased(Folder)
    wanted = (
        select(Folder, above.name, Person.name, Company.name)
        .join(Company, Company.id == Folder.company_id)
        .outerjoin(above, above.id == Folder.parent_id)
        .outerjoin(Person, Person.id == Folder.trashed_by_id)
        .where(Folder.trashed_with_id == Folder.id, _may_see(places))
    )
    return _newest(wanted, Folder, behind)


def _may_see(places: Sights) -> ColumnElement[bool]:
    """Folders of these companies that the person may file into, for nothing else can be
    restored; the firm sees all of them."""
    whole = [company.id for company, sight in places if sight.firm_side]
    parts = [
        (Folder.company_id == company.id)
        & (Folder.visibility == "shared")
        & Folder.id.not_in(hidden_folders(company, sight))
        for company, sight in places
        if not sight.firm_side
    ]
    return or_(Folder.company_id.in_(whole), *parts)


def _newest(
    wanted: Select[*tuple[Any, ...]],
    of: type[Document] | type[Folder],
    behind: dict[str, Any],
) -> list[Thing]:
    """A page of them, and one more."""
    place = tuple_(of.trashed_at, of.id)
    if behind:
        wanted = wanted.where(place < tuple_(behind["after_at"], behind["after_id"]))
    rows = db.session.execute(
        wanted.where(of.trashed_at.is_not(None))
        .order_by(of.trashed_at.desc(), of.id.desc())
        .limit(A_PAGE + 1)
    )
    return [_thing(*row) for row in rows]


def _thing(
    what: Document | Folder, where: str | None, by: str | None, company: str
) -> Thing:
    at = what.trashed_at or utc_now()
    return Thing(
        id=what.id,
        is_folder=isinstance(what, Folder),
        name=what.name,
        where=where or "",
        company=company,
        by=by or "",
        trashed_at=at,
        # Begun days count: thirty on the day that it is put there.
        days_left=max(0, ceil((at + KEPT - utc_now()) / timedelta(days=1))),
    )
