"""What lies in the trash, as a person may see it, and the one way to each of it."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from flask import abort
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.companies.finding import company_and_role
from app.companies.models import Company
from app.db import db, utc_now
from app.library.models import Document, Folder
from app.library.trashing import KEPT
from app.library.tree import Sight, hidden_folders, sight_of
from app.people.models import Person

MOST = 200  # of each kind: the newest


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


def things(companies: list[tuple[Company, Sight]]) -> list[Thing]:
    """The newest first."""
    found = [
        thing
        for company, sight in companies
        for thing in (*_documents(company, sight), *_folders(company, sight))
    ]
    return sorted(found, key=lambda thing: thing.trashed_at, reverse=True)


def places(slug: str | None) -> list[tuple[Company, Sight]]:
    """The companies that the person may enter, or the one that was asked for."""
    if slug:
        company, role = company_and_role(slug)
        return [(company, sight_of(role))]
    found = db.session.scalars(Company.visible_to(current_user).order_by(Company.name))
    return [
        (company, sight_of(company_and_role(company.slug)[1]))
        for company in found.all()
    ]


def document_or_404(document_id: uuid.UUID) -> Document:
    """In the trash on its own, and of a folder that the person may file into."""
    document = db.session.scalar(
        select(Document).where(
            Document.id == document_id,
            Document.trashed_at.is_not(None),
            Document.trashed_with_id.is_(None),
        )
    )
    if document is None:
        abort(404)
    folder = db.session.get_one(Folder, document.folder_id)
    _reachable_or_404(folder)
    return document


def folder_or_404(folder_id: uuid.UUID) -> Folder:
    folder = db.session.scalar(
        select(Folder).where(
            Folder.id == folder_id, Folder.trashed_with_id == folder_id
        )
    )
    if folder is None:
        abort(404)
    _reachable_or_404(folder)
    return folder


def _reachable_or_404(folder: Folder) -> None:
    company = db.session.get_one(Company, folder.company_id)
    _company, role = company_and_role(company.slug)
    sight = sight_of(role)
    hidden = hidden_folders(company, sight)
    is_hidden = db.session.scalar(
        select(Folder.id).where(Folder.id == folder.id, Folder.id.in_(hidden))
    )
    if is_hidden or not sight.may_deposit_in(folder):
        abort(404)


def _documents(company: Company, sight: Sight) -> list[Thing]:
    rows = db.session.execute(
        select(Document, Folder.name, Person.name)
        .join(Folder, Folder.id == Document.folder_id)
        .outerjoin(Person, Person.id == Document.trashed_by_id)
        .where(
            Document.company_id == company.id,
            Document.trashed_at.is_not(None),
            Document.trashed_with_id.is_(None),
            Folder.id.not_in(hidden_folders(company, sight)),
        )
        .order_by(Document.trashed_at.desc())
        .limit(MOST)
    )
    return [_thing(document, where, by, company) for document, where, by in rows]


def _folders(company: Company, sight: Sight) -> list[Thing]:
    above = aliased(Folder)
    rows = db.session.execute(
        select(Folder, above.name, Person.name)
        .outerjoin(above, above.id == Folder.parent_id)
        .outerjoin(Person, Person.id == Folder.trashed_by_id)
        .where(
            Folder.company_id == company.id,
            Folder.trashed_with_id == Folder.id,
            Folder.id.not_in(hidden_folders(company, sight)),
        )
        .order_by(Folder.trashed_at.desc())
        .limit(MOST)
    )
    return [_thing(folder, where, by, company) for folder, where, by in rows]


def _thing(
    what: Document | Folder, where: str | None, by: str | None, company: Company
) -> Thing:
    at = what.trashed_at or utc_now()
    return Thing(
        id=what.id,
        is_folder=isinstance(what, Folder),
        name=what.name,
        where=where or "",
        company=company.name,
        by=by or "",
        trashed_at=at,
        days_left=max(0, (at + KEPT - utc_now()).days),
    )
