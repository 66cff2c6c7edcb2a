"""A new version of a document: before it left, the new one leaves in its place; after
it left, nothing is sent again by itself. The caller commits.
"""

from app.activity.recording import record
from app.db import db, lock_company, new_id
from app.delivery.versions import send_in_place
from app.library.models import Document, Version
from app.library.receiving import Received
from app.library.taking import note_arrival, take
from app.people.models import Person


def replace(
    document: Document,
    received: Received,
    *,
    by: Person | None,
    channel: str = "web",
) -> Version:
    """The document keeps its name and place; a rejected one is received again."""
    lock_company(document.company_id)
    take(document)
    version = Version(
        id=new_id(),
        firm_id=document.firm_id,
        document_id=document.id,
        number=document.version_number + 1,
        storage_key=received.stored.key,
        size=received.stored.size,
        sha256=received.stored.sha256,
        content_type=received.content_type,
        original_name=received.original_name.replace("\x00", ""),
        author_id=by.id if by else None,
    )
    db.session.add(version)
    document.version_number = version.number
    document.size, document.sha256 = version.size, version.sha256
    document.content_type = version.content_type
    if document.status == "rejected":
        document.status, document.rejected_reason = "received", None
    db.session.flush()
    note_arrival(document, version, "replace", by=by, channel=channel)
    send_in_place(document, version)
    record(
        "replaced",
        firm_id=document.firm_id,
        company_id=document.company_id,
        document_id=document.id,
        actor_id=by.id if by else None,
        number=version.number,
        sha256=version.sha256,
        channel=channel,
    )
    return version
