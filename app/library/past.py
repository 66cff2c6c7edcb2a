"""What of a document's past a person may have: what it was where they see it, and what
they brought themselves. What the firm made of it among its own, before it was put where
others are, is not theirs.
"""

from sqlalchemy import ColumnElement, or_, select, true

from app.companies.models import Company
from app.db import db
from app.library.finding import Place
from app.library.models import Arrival, Document, Folder, Version
from app.library.tree import hidden_folders, hidden_for
from app.people.models import Person


def seen_versions(
    document: Document, place: Place, reader: Person
) -> ColumnElement[bool]:
    """The one of now, those that were in a folder that the reader may see, and their
    own; by what they may see at this moment."""
    if place.sight.firm_side:
        return true()
    hidden = hidden_folders(place.company, place.sight)
    came = select(Arrival.version_id).where(
        Arrival.document_id == document.id, Arrival.folder_id.not_in(hidden)
    )
    return or_(
        Version.number == document.version_number,
        Version.author_id == reader.id,
        Version.id.in_(came),
    )


def may_see_still(document: Document, person: Person) -> bool:
    """What they brought may be among the firm's own by now."""
    company = db.session.get_one(Company, document.company_id)
    hidden = hidden_for(person, company)
    wanted = select(Folder.id).where(Folder.id == document.folder_id)
    return db.session.scalar(wanted.where(Folder.id.not_in(hidden))) is not None
