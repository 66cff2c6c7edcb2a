"""Whether a person still may see all that an archive holds: a folder may have become
the firm's own since, or a document been moved into one."""

import uuid
from collections.abc import Iterable

from sqlalchemy import select

from app.archives.models import Archive
from app.companies.models import Company
from app.db import db
from app.library.models import Document
from app.library.tree import Sight, hidden_folders

ONE = 16  # bytes of an id


def note_of(documents: Iterable[Document]) -> bytes:
    """Their ids, to be kept beside the archive."""
    return b"".join(document.id.bytes for document in documents)


def may_see_all(archive: Archive, company: Company, sight: Sight) -> bool:
    """What is in the trash is seen as what lies where it was. What is not known, or not
    there any more, is not seen."""
    if sight.firm_side:
        return True
    if archive.held is None:
        return False
    seen = select(Document.id).where(
        Document.company_id == company.id,
        Document.folder_id.not_in(hidden_folders(company, sight)),
    )
    return _ids(archive.held) <= set(db.session.scalars(seen))


def _ids(held: bytes) -> set[uuid.UUID]:
    starts = range(0, len(held), ONE)
    return {uuid.UUID(bytes=held[at : at + ONE]) for at in starts}
