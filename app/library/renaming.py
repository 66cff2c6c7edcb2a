"""A new name for a document or a folder. The caller commits.

The ending stays: it says what the file is, and tools go by it.
"""

from app.db import db
from app.errors import Refused
from app.library.models import Document, Folder
from app.library.naming import LONGEST, split_extension, whole_name
from app.library.noting import note_document, note_folder
from app.library.taking import free_folder_name, free_name_in, take, take_folder
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _


def rename_document(document: Document, name: str, *, by: Person | None) -> str:
    """Gives the name that it got: another one when that is taken in its folder."""
    lock_company(document.company_id, and_folder=document.folder_id)
    take(document)
    wanted = cleaned(name)
    ending = split_extension(document.name)[1]
    if ending and split_extension(wanted)[1].lower() != ending.lower():
        wanted = _not_too_long(wanted + ending)
    before = document.name
    if wanted == before:
        return before
    document.name = free_name_in(document.folder_id, wanted, but=document.id)
    db.session.flush()
    note_document("renamed", document, by, before=before, name=document.name)
    return document.name


def rename_folder(folder: Folder, name: str, *, by: Person | None) -> str:
    lock_company(folder.company_id, exclusive=True)
    take_folder(folder)
    before = folder.name
    folder.name = free_folder_name(folder, folder.parent_id, cleaned(name))
    db.session.flush()
    note_folder("folder_renamed", folder, by, before=before)
    return folder.name


def cleaned(name: str) -> str:
    """As it is kept. Raises Refused when nothing is left of it, or it is too long:
    whoever types a name is not given another one."""
    return _not_too_long(legible(name))


def legible(name: str) -> str:
    """The same, however long it is."""
    legible = whole_name(name.replace("/", "-").replace("\\", "-"), fallback="")
    if not split_extension(legible)[0]:
        raise Refused(_("Type a name."), "name")
    return legible


def _not_too_long(name: str) -> str:
    if len(name) > LONGEST:
        text = _("This name is too long: %(most)s characters at most.", most=LONGEST)
        raise Refused(text, "name")
    return name
