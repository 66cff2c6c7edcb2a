"""A scan of several documents cut into them. Each part is a deposit of its own in the
same folder, due where that is switched on; the original goes to the trash, and what of
it had not left is called off. If it has left already, or may have, it stays.
"""

import tempfile
import uuid

from sqlalchemy import exists, select

from app.db import db
from app.delivery.models import DONE, LEASED, Delivery
from app.errors import Refused
from app.library.deposit import deposit
from app.library.models import Document, Folder, Version
from app.library.naming import LONGEST, split_extension
from app.library.noting import note_document
from app.library.receiving import Received, give_back, receive
from app.library.taking import take
from app.library.trashing import trash_document
from app.locks import lock_company
from app.pages.editing import Signed, ask, chunks
from app.people.models import Person
from app.texts import gettext as _
from app.typed import whole

MAY_BE_OUT = (*DONE, *LEASED, "unknown")


def has_left(document_id: uuid.UUID) -> bool:
    """Whether some of it is at a tool, or may be. For the firm only."""
    out = Delivery.state.in_(MAY_BE_OUT) | (Delivery.ambiguous > 0)
    wanted = exists().where(Delivery.document_id == document_id, out)
    return bool(db.session.scalar(select(wanted)))


def cuts_of(given: list[str], pages: int) -> list[int]:
    """Page numbers behind which to cut, in order. Raises Refused."""
    found = {whole(cut, 0) for cut in given}
    cuts = sorted(cut for cut in found if 0 < cut < pages)
    if not cuts:
        raise Refused(_("Choose at least one place to cut."), "cuts")
    return cuts


def parts(
    document: Document, version: Version, cuts: list[int], *, sure: bool
) -> list[Received]:
    """A PDF for each part, in the store. Raises Refused, having kept nothing."""
    received: list[Received] = []
    try:
        with tempfile.TemporaryFile() as made:
            said = ask("split", version, made, cuts=cuts)
            if said["is_signed"] and not sure:
                raise Signed
            for number, size in enumerate(said["sizes"], 1):
                name = _part_name(document.name, number)
                received.append(receive(chunks(made, size), name))
    except Exception:
        give_all_back(received)
        raise
    return received


def give_all_back(received: list[Received]) -> None:
    for one in received:
        give_back(one)


def _part_name(name: str, number: int) -> str:
    stem, extension = split_extension(name)
    ending = _(" – part %(number)d", number=number) + extension
    return stem[: LONGEST - len(ending)] + ending


def split(
    document: Document,
    into: Folder,
    received: list[Received],
    *,
    by: Person,
    channel: str,
    number: int,
    keep: bool,
) -> list[Document]:
    """`number` is the version that was cut; `keep`: the original stays where it is,
    since it has left. Raises Refused; the caller commits."""
    lock_company(document.company_id, and_folder=into.id)
    take(document)
    if document.version_number != number:
        raise Refused(_("Somebody else has just changed this document. Look again."))
    if by.is_firm_side and not keep and has_left(document.id):
        raise Refused(_("This document has just been sent. Look again."))
    made = [
        deposit(one, into=into, by=by, channel=channel).document for one in received
    ]
    note_document("split", document, by, parts=[str(part.id) for part in made])
    if not keep:
        trash_document(document, by=by)
    return made
