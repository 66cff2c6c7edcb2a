"""A copy is a deposit: a document of its own, due where its folder is switched on.

Both keep the same stored bytes: nothing may delete those while a version has them.
"""

import uuid

from app.db import db
from app.errors import Refused
from app.library.deposit import Deposited, deposit
from app.library.models import Document, Folder
from app.library.receiving import Received
from app.library.taking import current_version, living
from app.people.models import Person
from app.storage import Stored
from app.texts import gettext as _


def copy_document(
    document: Document,
    to: Folder,
    *,
    by: Person | None,
    channel: str = "web",
    once: str = "",
) -> Deposited:
    """Into a folder of the same company, its own included. The same `once` copies it,
    as it is, there once."""
    living(to, document.company_id)
    db.session.refresh(document)
    if document.trashed_at is not None:
        raise Refused(_("This document is in the trash. Restore it first."))
    version = current_version(document)
    same = Received(
        stored=Stored(version.storage_key, version.size, version.sha256),
        name=document.name,
        original_name=version.original_name,
        content_type=version.content_type,
        defect=version.defect,
        pages=version.pages,
    )
    upload_id = uuid.uuid5(version.id, f"{once}/{to.id}") if once else None
    return deposit(
        same, into=to, by=by, channel=channel, kind="copy", upload_id=upload_id
    )
