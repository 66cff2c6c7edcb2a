"""What keeps a client's folder where it is: what lies in it and is not theirs to take
along, for the firm works with it."""

from sqlalchemy import or_, select

from app.connectors.reach import subtree
from app.db import db
from app.errors import Refused
from app.library.models import Document, Folder
from app.library.tree import Sight
from app.locks import lock_company
from app.texts import gettext as _


def refuse_what_is_held(folder: Folder, sight: Sight) -> None:
    """Raises Refused for a client where a document was judged already, or a folder is
    the firm's; in one sentence for all of it, as they may not know of every folder."""
    if sight.firm_side:
        return
    lock_company(folder.company_id, exclusive=True)
    inside = select(subtree(folder.id).c.id)
    documents = select(Document.id).where(
        Document.folder_id.in_(inside),
        Document.trashed_at.is_(None),
        Document.status != "received",
    )
    folders = select(Folder.id).where(
        Folder.id.in_(inside),
        Folder.trashed_at.is_(None),
        or_(
            Folder.is_locked,
            Folder.visibility != "shared",
            Folder.kind.in_(sight.hides),
        ),
    )
    if any(db.session.scalar(held.limit(1)) for held in (documents, folders)):
        raise Refused(
            _(
                "Your firm works with what lies in “%(folder)s”: it stays where it is.",
                folder=folder.name,
            ),
            "parent",
        )
