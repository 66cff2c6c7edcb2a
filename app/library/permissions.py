"""What a person may do with a document, by its status; asked by routes and templates.

Staff may do everything, and they alone judge. A client may change what was only
received, and bring a new version of what was rejected or validated.
"""

from app.library.models import Document, Folder
from app.library.tree import Sight

STAFF = frozenset({"rename", "move", "copy", "trash", "replace"})
JUDGING = {
    "received": frozenset({"validate", "refuse"}),
    "rejected": frozenset({"validate"}),
    "validated": frozenset({"refuse"}),
}
CLIENT = {
    "received": frozenset({"rename", "move", "trash"}),
    "rejected": frozenset({"replace"}),
    "validated": frozenset({"replace"}),
}


def acts_on(document: Document, folder: Folder, sight: Sight) -> frozenset[str]:
    """rename, move, copy, trash, replace, validate, refuse: those that are open to this
    person."""
    if sight.is_frozen:
        return frozenset()
    if sight.firm_side:
        return STAFF | JUDGING[document.status]
    if not sight.may_deposit_in(folder):
        return frozenset()
    return CLIENT[document.status]


def may_change(folder: Folder, sight: Sight) -> bool:
    """Whether the person may rename, move or trash the folder."""
    if sight.firm_side:
        return not sight.is_frozen
    return not folder.is_locked and sight.may_deposit_in(folder)
