"""The versions of a document, newest first: all of them are kept, and can be had by
whoever may see them (`library.past`)."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from sqlalchemy import select

from app.activity.models import Entry
from app.db import db
from app.library.finding import Place
from app.library.models import Document, Version
from app.library.past import seen_versions
from app.people.models import Person
from app.texts import gettext as _

EDITED = "pages_edited"


@dataclass(frozen=True)
class Kept:
    number: int
    text: str
    size: int
    pages: int | None
    at: datetime
    url: str
    is_current: bool


def versions_of(document: Document, place: Place, reader: Person) -> list[Kept]:
    """Empty where there is but one for the reader: it is the document."""
    if document.version_number < 2:
        return []
    found = db.session.execute(
        select(Version, Person.name)
        .outerjoin(Person, Person.id == Version.author_id)
        .where(
            Version.document_id == document.id, seen_versions(document, place, reader)
        )
        .order_by(Version.number.desc())
    ).all()
    if len(found) < 2:
        return []
    edits = _edits(document.id)
    return [
        Kept(
            number=version.number,
            text=_text(version, name, edits.get(version.number)),
            size=version.size,
            pages=version.pages,
            at=version.created_at,
            url=url_for(
                "pages.download_version",
                document_id=document.id,
                number=version.number,
            ),
            is_current=version.number == document.version_number,
        )
        for version, name in found
    ]


def version_or_none(
    document: Document, number: int, place: Place, reader: Person
) -> Version | None:
    return db.session.scalar(
        select(Version).where(
            Version.document_id == document.id,
            Version.number == number,
            seen_versions(document, place, reader),
        )
    )


def _edits(document_id: uuid.UUID) -> dict[int, str]:
    """What was done to the pages, by the version that came of it."""
    found = db.session.scalars(
        select(Entry).where(Entry.document_id == document_id, Entry.verb == EDITED)
    )
    return {entry.details["number"]: _what(entry.details) for entry in found}


def _what(details: dict[str, object]) -> str:
    removed = details.get("removed")
    said = [
        _("pages removed: %(pages)s", pages=", ".join(map(str, removed)))
        if isinstance(removed, list) and removed
        else "",
        _("pages turned") if details.get("turned") else "",
        _("order changed") if details.get("reordered") else "",
    ]
    return ", ".join(text for text in said if text)


def _text(version: Version, name: str | None, edit: str | None) -> str:
    what = _("original kept") if version.number == 1 else edit or _("new version")
    return f"{what[:1].upper()}{what[1:]}" + (f", {name}" if name else "")
