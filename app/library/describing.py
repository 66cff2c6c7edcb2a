"""A document's description and piece number: the firm notes them, its client reads
them. The caller commits.

Who saves over what somebody else wrote meanwhile is told so first, with both texts.
"""

import hashlib
from dataclasses import dataclass

from app.db import db
from app.errors import Refused
from app.library.models import Document
from app.library.noting import note_document
from app.library.taking import take
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _

LONGEST_DESCRIPTION = 2000
LONGEST_PIECE_NUMBER = 50


class ChangedMeanwhile(Refused):
    """What was typed was typed over something else than what is there now."""

    status = 409


@dataclass(frozen=True)
class Notes:
    description: str = ""
    piece_number: str = ""

    @property
    def stamp(self) -> str:
        said = repr((self.description, self.piece_number))
        return hashlib.sha256(said.encode()).hexdigest()[:16]


def notes_of(document: Document) -> Notes:
    return Notes(document.description, document.piece_number)


def describe(document: Document, typed: Notes, *, seen: str, by: Person) -> None:
    """`seen` is the stamp of the notes that the person began from."""
    notes = _cleaned(typed)
    lock_company(document.company_id)
    take(document)
    before = notes_of(document)
    if before == notes:
        return
    if seen != before.stamp:
        raise ChangedMeanwhile(
            _("Somebody else has changed this meanwhile. Save again to keep yours.")
        )
    document.description, document.piece_number = notes.description, notes.piece_number
    db.session.flush()
    note_document("described", document, by, before=vars(before), now=vars(notes))


def _cleaned(typed: Notes) -> Notes:
    description = typed.description.replace("\r\n", "\n").replace("\r", "\n")
    piece_number = " ".join(_without_nul(typed.piece_number).split())
    notes = Notes(_without_nul(description), piece_number)
    for text, most, field in (
        (notes.description, LONGEST_DESCRIPTION, "description"),
        (notes.piece_number, LONGEST_PIECE_NUMBER, "piece_number"),
    ):
        if len(text) > most:
            raise Refused(_("At most %(most)s characters.", most=most), field)
    return notes


def _without_nul(text: str) -> str:
    return text.replace("\x00", "").strip()
