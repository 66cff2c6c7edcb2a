"""What a person may do with a document, by its status; asked by routes and templates.

Staff may do everything, and they alone judge. A client may change what was only
received, and bring a new version of what was rejected or validated.
"""

from app.library.models import Document, Folder
from app.library.tree import Sight
from app.texts import gettext as _

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


def why_closed(document: Document, folder: Folder, sight: Sight, act: str) -> str:
    """What a client is told who wants an act that is not open: a page that was open a
    while still offers it. Empty where it never was."""
    if sight.firm_side or all(act not in acts for acts in CLIENT.values()):
        return ""
    if not sight.may_deposit_in(folder):
        return _("This folder is read-only for you.")
    if act in CLIENT[document.status]:
        return ""  # it is not the firm's doing
    if act == "replace":
        return _("Your firm expects no new version of this document any more.")
    if document.status == "rejected":
        return _("Refused by your firm: bring a new version in its place.")
    return _("Your firm has taken it into account: it stays as it is.")


def may_change(folder: Folder, sight: Sight) -> bool:
    """Whether the person may rename, move or trash the folder."""
    if sight.firm_side:
        return not sight.is_frozen
    return not folder.is_locked and sight.may_deposit_in(folder)
