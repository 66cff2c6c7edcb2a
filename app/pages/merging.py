"""Several photos and PDFs of one folder put together in one PDF, which is a deposit of
its own; the originals go to the trash, for thirty days.
"""

from collections.abc import Sequence

from sqlalchemy import select

from app.db import db, id_from
from app.errors import Refused
from app.library.deposit import deposit
from app.library.finding import Place
from app.library.inspecting import READABLE
from app.library.models import Document, Folder, Version
from app.library.noting import note_document
from app.library.permissions import acts_on
from app.library.receiving import Received
from app.library.taking import take
from app.library.trashing import trash_document
from app.locks import lock_company
from app.pages.one_pdf import Part, one_pdf
from app.pages.splitting import has_left
from app.people.models import Person
from app.texts import gettext as _

MOST = 50  # of the newest ones are offered; and put together at once
MOST_BYTES = 200_000_000

Pair = tuple[Document, Version]


def mergeable(place: Place, person: Person, given: Sequence[str]) -> list[Pair]:
    """Those of the folder that this person may put together, the newest ones and those
    that were chosen already; the oldest first: photos are taken in the order of their
    pages."""
    wanted = (
        select(Document, Version)
        .join(Version, Version.document_id == Document.id)
        .where(
            Document.folder_id == place.folder.id,
            Document.trashed_at.is_(None),
            Version.number == Document.version_number,
            Version.defect.is_(None),
            Version.content_type.in_(READABLE),
        )
        .order_by(Document.arrived_at.desc(), Document.id.desc())
    )
    if not place.sight.firm_side:
        wanted = wanted.where(Document.depositor_id == person.id)
    ids = [id_from(one) for one in given[:MOST]]
    found = {
        document.id: (document, version)
        for which in (wanted.limit(MOST), wanted.where(Document.id.in_(ids)))
        for document, version in db.session.execute(which)
    }
    pairs = sorted(found.values(), key=lambda pair: (pair[0].arrived_at, pair[0].id))
    return [pair for pair in pairs if may_merge(pair[0], place, person)]


def may_merge(document: Document, place: Place, person: Person) -> bool:
    """It goes to the trash by it; clients do so with their own only."""
    if document.content_type not in READABLE:
        return False
    is_own = place.sight.firm_side or document.depositor_id == person.id
    return is_own and "trash" in acts_on(document, place.folder, place.sight)


def chosen(offered: Sequence[Pair], given: Sequence[str]) -> list[Pair]:
    """In the order in which they were given. Raises Refused."""
    if len(given) > MOST:
        raise Refused(_("At most %(most)s documents at once.", most=MOST), "id")
    by_id = {str(document.id): (document, version) for document, version in offered}
    if set(given) - by_id.keys():
        text = _("Some of these documents are not there any more. Choose again.")
        raise Refused(text, "id")
    found = [by_id[one] for one in dict.fromkeys(given)]
    if len(found) < 2:
        raise Refused(_("Choose at least two documents."), "id")
    if sum(version.size for _document, version in found) > MOST_BYTES:
        raise Refused(_("These documents are too large to be put together."), "id")
    return found


def merged(pairs: Sequence[Pair], name: str, *, sure: bool) -> Received:
    """One PDF of them all, in the store. Raises Refused."""
    parts = [
        Part(version.storage_key, version.content_type, version.size, document.name)
        for document, version in pairs
    ]
    return one_pdf(parts, name, sure=sure)


def merge(
    pairs: Sequence[Pair],
    into: Folder,
    received: Received,
    *,
    by: Person,
    channel: str,
) -> Document:
    """Raises Refused; the caller commits."""
    lock_company(into.company_id, and_folder=into.id)
    # In one order, whoever takes them: two at once do not wait for each other.
    for document, version in sorted(pairs, key=lambda pair: pair[0].id):
        take(document)
        if document.version_number != version.number:
            raise Refused(
                _("Somebody else has just changed “%(name)s”.", name=document.name)
            )
        if by.is_firm_side and has_left(document.id):
            raise Refused(
                _(
                    "“%(name)s” was already sent and would be sent again: leave it "
                    "out.",
                    name=document.name,
                )
            )
    for document, _version in pairs:
        note_document("merged", document, by)
        trash_document(document, by=by)
    return deposit(received, into=into, by=by, channel=channel).document
