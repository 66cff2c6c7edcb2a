"""Several photos of one paper become the pages of one PDF, which is the deposit; the
photos are kept beside it as they were taken.
"""

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from app.db import db
from app.errors import Refused
from app.library.deposit import Deposited, deposit
from app.library.finding import Place
from app.library.inspecting import READABLE
from app.library.models import Document, Folder, Version
from app.library.past import seen_versions
from app.library.receiving import Received
from app.library.taking import current_version
from app.pages.editing import PDF
from app.pages.models import Photo
from app.pages.one_pdf import Part, one_pdf
from app.people.models import Person
from app.texts import gettext as _

MOST = 30  # pages
PICTURES = tuple(kind for kind in READABLE if kind != PDF)


def scanned(photos: Sequence[Received], name: str) -> Received:
    """One PDF of them, in their order. Raises Refused, which names the one that is no
    photo."""
    if not photos:
        raise Refused(_("Take a photo first."), "file")
    if len(photos) > MOST:
        raise Refused(_("At most %(most)s pages at once.", most=MOST), "file")
    for photo in photos:
        if photo.content_type not in PICTURES or photo.defect:
            raise Refused(_("“%(name)s” is not a photo.", name=photo.name), "file")
    parts = [
        Part(photo.stored.key, photo.content_type, photo.stored.size, photo.name)
        for photo in photos
    ]
    return one_pdf(parts, name, sure=True)  # what is made of photos bears no signature


def scan(
    photos: Sequence[Received],
    pdf: Received,
    into: Folder,
    *,
    by: Person,
    upload_id: uuid.UUID | None,
) -> Deposited:
    """The caller commits, and gives everything back when it was a repeat."""
    channel = "firm" if by.is_firm_side else "phone"
    done = deposit(pdf, into=into, by=by, channel=channel, upload_id=upload_id)
    if done.is_repeat:
        return done
    version = current_version(done.document)
    for number, photo in enumerate(photos, 1):
        db.session.add(
            Photo(
                firm_id=done.document.firm_id,
                version_id=version.id,
                number=number,
                storage_key=photo.stored.key,
                size=photo.stored.size,
                sha256=photo.stored.sha256,
                content_type=photo.content_type,
                name=photo.name,
            )
        )
    return done


def photos_of(document: Document, place: Place, reader: Person) -> list[Photo]:
    """Those that any version of the document was made of which the reader may have, in
    their order."""
    found = db.session.scalars(
        select(Photo)
        .join(Version, Version.id == Photo.version_id)
        .where(
            Version.document_id == document.id, seen_versions(document, place, reader)
        )
        .order_by(Version.number, Photo.number)
    )
    return list(found)
