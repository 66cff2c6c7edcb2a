"""What a person was called to and has not opened: only what they may still read."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from sqlalchemy import ColumnElement, false, or_, select

from app.companies.models import Company
from app.db import db
from app.library.models import Comment, Document
from app.library.tree import Sight, hidden_folders
from app.mentions.models import Mention
from app.people.models import Person

MOST = 20


@dataclass(frozen=True)
class Call:
    """One line of the list."""

    author: str
    document: str
    company: Company
    at: datetime
    url: str


def unread_of_staff(reader: Person) -> list[Call]:
    """The newest first."""
    companies = Company.visible_to(reader).with_only_columns(Company.id)
    return _calls(reader, Document.company_id.in_(companies))


def unread_of_client(
    reader: Person, places: Iterable[tuple[Company, Sight]]
) -> list[Call]:
    """In these companies; what was hidden from them since is not told."""
    seen = [
        (Document.company_id == company.id)
        & Document.folder_id.not_in(hidden_folders(company, sight))
        for company, sight in places
    ]
    return _calls(reader, or_(false(), *seen), Comment.visibility == "shared")


def _calls(reader: Person, *which: ColumnElement[bool]) -> list[Call]:
    found = db.session.execute(
        select(Comment.id, Comment.author_name, Document, Company, Mention.created_at)
        .join(Mention, Mention.comment_id == Comment.id)
        .join(Document, Document.id == Mention.document_id)
        .join(Company, Company.id == Document.company_id)
        .where(
            Mention.person_id == reader.id,
            Mention.read_at.is_(None),
            Document.trashed_at.is_(None),
            *which,
        )
        .order_by(Mention.created_at.desc(), Comment.id.desc())
        .limit(MOST)
    )
    return [
        Call(author, document.name, company, at, _url(document, comment_id))
        for comment_id, author, document, company, at in found
    ]


def _url(document: Document, comment_id: uuid.UUID) -> str:
    anchor = f"comment-{comment_id}"
    return url_for("library.document", document_id=document.id, _anchor=anchor)
