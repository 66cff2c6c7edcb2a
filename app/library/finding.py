"""The one way to a folder or a document: through the company and the person.

What the person may not see is not found: 404, whatever the reason.
"""

import uuid
from dataclasses import dataclass

from flask import abort
from sqlalchemy import select

from app.companies.finding import company_and_role
from app.companies.models import Company
from app.db import db
from app.library.models import Document, Folder
from app.library.tree import Sight, chain, sight_of


@dataclass(frozen=True)
class Place:
    """A folder that the person may see, with the way to it."""

    company: Company
    path: list[Folder]
    sight: Sight

    @property
    def folder(self) -> Folder:
        return self.path[-1]


def place_or_404(slug: str, folder_id: uuid.UUID) -> Place:
    company, role = company_and_role(slug)
    sight = sight_of(role)
    path = chain(folder_id, company.id)
    if not path or not all(sight.allows(folder) for folder in path):
        abort(404)
    return Place(company, path, sight)


def document_or_404(document_id: uuid.UUID) -> tuple[Document, Place]:
    found = db.session.execute(
        select(Document, Company.slug)
        .join(Company, Company.id == Document.company_id)
        .where(Document.id == document_id, Document.trashed_at.is_(None))
    ).one_or_none()
    if found is None:
        abort(404)
    document, slug = found
    return document, place_or_404(slug, document.folder_id)
