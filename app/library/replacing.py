"""A new version of a document: before it left, the new one leaves in its place; after
it left, nothing is sent again by itself. The caller commits.
"""

from typing import Any

from app.companies.finding import still_let_in
from app.db import db
from app.delivery.versions import send_in_place
from app.errors import Refused
from app.library.deposit import version_of
from app.library.models import Document, Version
from app.library.noting import note_document
from app.library.permissions import acts_on, why_closed
from app.library.receiving import Received
from app.library.taking import current_version, note_arrival, take
from app.library.tree import Sight
from app.locks import lock_company
from app.pages import jobs as pictures
from app.people.models import Person


def replace(
    document: Document,
    received: Received,
    *,
    by: Person | None,
    channel: str = "web",
    kind: str = "replace",
    verb: str = "replaced",
    sight: Sight | None = None,
    **details: Any,
) -> Version:
    """The document keeps its name and place; a rejected one is received again. The
    same bytes once more (a second click) change nothing. `kind` is of the arrival:
    «rotate» where nothing but the pages' turn is new. `sight` of whoever brings it,
    where it came slowly. Raises Refused when it is not expected any more, and
    NoLongerOpen when the company is not theirs any more."""
    lock_company(document.company_id)
    still_let_in(by, document.company_id)
    take(document)
    before = current_version(document)
    is_repeat = before.number > 1 and before.sha256 == received.stored.sha256
    if is_repeat and document.status != "rejected":
        return before
    if sight and "replace" not in acts_on(document, document.folder, sight):
        raise Refused(why_closed(document, document.folder, sight, "replace"))
    document.version_number += 1
    version = version_of(received, document, by.id if by else None)
    db.session.add(version)
    document.size, document.sha256 = version.size, version.sha256
    document.content_type = version.content_type
    if document.status == "rejected":
        document.status, document.rejected_reason = "received", None
    db.session.flush()
    note_arrival(document, version, kind, by=by, channel=channel)
    send_in_place(document, version)
    note_document(
        verb,
        document,
        by,
        number=version.number,
        sha256=version.sha256,
        channel=channel,
        **details,
    )
    # What can fail fails here, while the bytes can still be given back.
    db.session.flush()
    pictures.ask_after_commit(version)
    return version
