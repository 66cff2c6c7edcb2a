"""The earlier document of the company that has the very same content."""

import uuid
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.db import db
from app.library.models import Document


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
