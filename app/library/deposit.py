"""The one door in: a received file becomes a document, and what is due is decided.

Every channel (browser, mail, phone, command line) comes through here. The document,
its version, its arrival and its deliveries are one transaction; the caller commits.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Select, Uuid, bindparam, or_, select, true

from app.companies.finding import NoLongerOpen, read_only
from app.companies.models import Company
from app.db import db, new_id
from app.delivery import planning
from app.delivery.models import Delivery
from app.errors import Refused
from app.library.models import Document, Folder, Version
from app.library.noting import note_document
from app.library.receiving import Received
from app.library.taking import free_name_in, note_first_arrival
from app.locks import lock_company
from app.pages import jobs as pictures
from app.people.models import Person
from app.texts import gettext as _


@dataclass(frozen=True)
class Deposited:
    """What became of one file."""

    document: Document
    deliveries: list[Delivery]
    # The same upload had come before: nothing new was made.
    is_repeat: bool = False
    was_renamed: bool = False


def deposit(
    received: Received,
    *,
    into: Folder,
    by: Person | None,
    channel: str,
    depositor_name: str | None = None,
    kind: str = "upload",
    upload_id: uuid.UUID | None = None,
) -> Deposited:
    """Make the file a document of the folder. The same `upload_id` makes it one once,
    until that is in the trash. Raises Refused when the folder is gone, and NoLongerOpen
    when the company is not theirs any more (of a mail that was asked when it came)."""
    # Two files of one name take their turns, so that each gets its own.
    now = lock_company(into.company_id, and_folder=into.id)
    neighbours = _neighbours(into, received, upload_id, by if kind != "email" else None)
    if upload_id and (first := next(_with(neighbours, upload_id), None)):
        # A mail comes again by itself; who deposits again wants it to be there.
        if first.trashed_at is None or kind == "email":
            return Deposited(first, [], is_repeat=True)
        first.upload_id = None
        neighbours.remove(first)
        db.session.flush()
    document = _document(received, into, by, channel, neighbours)
    document.arrived_at = now
    document.upload_id = upload_id
    document.depositor_name = depositor_name or (by.name if by else "")
    version = version_of(received, document, document.depositor_id)
    version.created_at = now
    db.session.add(document)
    db.session.flush()
    arrival = note_first_arrival(
        document, version, kind, by=by, channel=channel, at=now
    )
    deliveries = planning.arrival(document, version, arrival)
    note_document(
        "copied" if kind == "copy" else "deposited",
        document,
        by,
        name=document.name,
        folder=str(into.id),
        channel=channel,
        sha256=document.sha256,
        **({} if by else {"by": document.depositor_name}),
    )
    # What can fail fails here, while the bytes can still be given back.
    db.session.flush()
    pictures.ask_after_commit(version)
    return Deposited(document, deliveries, was_renamed=document.name != received.name)


def _neighbours(
    into: Folder, received: Received, upload_id: uuid.UUID | None, by: Person | None
) -> list[Document]:
    """Documents that matter to this one: same upload, same name here, same bytes.

    Raises Refused when the folder is gone, or its company archived; NoLongerOpen when
    it is not open to who deposits.
    """
    found = db.session.execute(
        _asked_neighbours(is_upload=upload_id is not None, is_by_one=by is not None),
        {
            "firm_id": into.firm_id,
            "company_id": into.company_id,
            "folder_id": into.id,
            "name": received.name,
            "sha256": received.stored.sha256,
            "upload_id": upload_id,
            "person_id": by.id if by else None,
        },
    ).all()
    if not found:
        raise Refused(_("This folder is no longer there. Choose another one."))
    name, archived_at, is_open, _document = found[0]
    if not is_open:
        raise NoLongerOpen
    if archived_at:
        raise read_only(name)
    return [row[3] for row in found if row[3] is not None]


@cache
def _asked_neighbours(
    *, is_upload: bool, is_by_one: bool
) -> Select[str, datetime | None, bool, Document]:
    person_id = bindparam("person_id", type_=Uuid())
    is_open = Company.is_open_to(person_id) if is_by_one else true()
    folder_id = bindparam("folder_id", type_=Uuid())
    company_id = bindparam("company_id", type_=Uuid())
    wanted = [
        (Document.folder_id == folder_id)
        & (Document.name == bindparam("name"))
        & Document.trashed_at.is_(None),
        (Document.company_id == company_id)
        & (Document.sha256 == bindparam("sha256"))
        & Document.trashed_at.is_(None),
    ]
    if is_upload:
        wanted.append(
            (Document.firm_id == bindparam("firm_id"))
            & (Document.upload_id == bindparam("upload_id"))
        )
    return (
        select(Company.name, Company.archived_at, is_open, Document)
        .select_from(Folder)
        .join(Company, Company.id == Folder.company_id)
        .outerjoin(Document, or_(*wanted))
        .where(
            Folder.id == folder_id,
            Folder.company_id == company_id,
            Folder.trashed_at.is_(None),
        )
    )


def _free_name(received: Received, into: Folder, neighbours: list[Document]) -> str:
    """The name as it is, or with the first number that nobody has here."""
    if not any(o.folder_id == into.id and o.name == received.name for o in neighbours):
        return received.name
    return free_name_in(into.id, received.name)


def _with(documents: list[Document], upload_id: uuid.UUID):  # type: ignore[no-untyped-def]
    return (document for document in documents if document.upload_id == upload_id)


def _document(
    received: Received,
    into: Folder,
    by: Person | None,
    channel: str,
    neighbours: list[Document],
) -> Document:
    twin = next((o for o in neighbours if o.sha256 == received.stored.sha256), None)
    return Document(
        id=new_id(),
        firm_id=into.firm_id,
        company_id=into.company_id,
        folder_id=into.id,
        name=_free_name(received, into, neighbours),
        version_number=1,
        size=received.stored.size,
        sha256=received.stored.sha256,
        content_type=received.content_type,
        status="received",
        channel=channel,
        depositor_id=by.id if by else None,
        duplicate_of_id=twin.id if twin else None,
    )


def version_of(
    received: Received, document: Document, author_id: uuid.UUID | None = None
) -> Version:
    """The received bytes as the document's current version; not added."""
    return Version(
        id=new_id(),
        firm_id=document.firm_id,
        document_id=document.id,
        number=document.version_number,
        storage_key=received.stored.key,
        size=received.stored.size,
        sha256=received.stored.sha256,
        content_type=received.content_type,
        original_name=received.original_name.replace("\x00", ""),
        author_id=author_id,
        defect=received.defect,
        pages=received.pages,
    )
