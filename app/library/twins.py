"""The earlier document of the company that has the very same content."""

import uuid
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.companies.models import Company
from app.db import db
from app.library.models import Document
from app.library.tree import hidden_for
from app.people.models import Person


def has_twin_in_sight(document: Document, person: Person) -> bool:
    """Whether the person may see another one with the same content. Of one that they
    may not see, they are not told that it is there."""
    if not document.duplicate_of_id:
        return False
    company = db.session.get_one(Company, document.company_id)
    hidden = hidden_for(person, company)
    other = select(Document.id).where(
        Document.company_id == document.company_id,
        Document.sha256 == document.sha256,
        Document.id != document.id,
        Document.trashed_at.is_(None),
        Document.folder_id.not_in(hidden),
    )
    return db.session.scalar(other.limit(1)) is not None


def twins_of(documents: Iterable[Document]) -> dict[uuid.UUID, Document]:
    """By the documents' ids, where there is one still; asked for only when some were
    found alike at their deposit."""
    wanted = [one.id for one in documents if one.duplicate_of_id]
    if not wanted:
        return {}
    earlier, later = aliased(Document), aliased(Document)
    found = db.session.execute(
        select(later.id, earlier)
        .join(later, later.duplicate_of_id == earlier.id)
        .where(
            later.id.in_(wanted),
            earlier.trashed_at.is_(None),
            # Either may have got another version since.
            earlier.sha256 == later.sha256,
        )
    )
    return {row[0]: row[1] for row in found}
