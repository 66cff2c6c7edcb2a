"""Remarks beside a document: for everybody who sees it, or for the firm alone.

Of those for the firm alone a client gets no trace, not even a count. The caller
commits.
"""

import unicodedata
import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from app.db import db, utc_now
from app.errors import Refused
from app.library.models import AUDIENCES, Comment, Document
from app.library.noting import note_document
from app.library.taking import take
from app.locks import lock_company
from app.mentions.calling import call, forget
from app.mentions.marking import Piece, pieces
from app.mentions.models import Mention
from app.people.models import Person
from app.texts import gettext as _

LONGEST = 4000  # characters
A_MOMENT = timedelta(seconds=10)


@dataclass(frozen=True)
class Remark:
    """A comment as a person may read it; without words when it was removed."""

    comment: Comment
    is_own: bool
    called: tuple[str, ...] = ()  # the names that its text calls

    @property
    def pieces(self) -> list[Piece]:
        return pieces(self.comment.body, self.called)

    @property
    def is_firm_only(self) -> bool:
        return self.comment.visibility == "firm_only"

    @property
    def initials(self) -> str:
        words = self.comment.author_name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

    @property
    def removed_at(self) -> datetime | None:
        return self.comment.removed_at


def comments_of(document: Document, person: Person) -> list[Remark]:
    """Oldest first. Clients read what is shared and was not removed."""
    wanted = (
        select(Comment)
        .where(Comment.document_id == document.id)
        .order_by(Comment.created_at, Comment.id)
    )
    if not person.is_firm_side:
        wanted = wanted.where(
            Comment.visibility == "shared", Comment.removed_at.is_(None)
        )
    names = _called(document)
    return [
        Remark(comment, comment.author_id == person.id, tuple(names[comment.id]))
        for comment in db.session.scalars(wanted)
    ]


def _called(document: Document) -> dict[uuid.UUID, list[str]]:
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    wanted = select(Mention.comment_id, Mention.name)
    for comment_id, name in db.session.execute(
        wanted.where(Mention.document_id == document.id)
    ):
        found[comment_id].append(name)
    return found


def usual_audience(document: Document, person: Person) -> str:
    """What that person of the firm chose last in the company; the firm at first."""
    last = db.session.scalar(
        select(Comment.visibility)
        .where(
            Comment.company_id == document.company_id, Comment.author_id == person.id
        )
        .order_by(Comment.created_at.desc())
        .limit(1)
    )
    return last or "firm_only"


def comment(document: Document, body: str, visibility: str, *, by: Person) -> Comment:
    """Plain text with its lines, and those whom it calls by «@». What a client writes
    is shared."""
    body = _cleaned(body)
    if not by.is_firm_side:
        visibility = "shared"
    if visibility not in AUDIENCES:
        raise Refused(_("Choose who may read it."), "visibility")
    lock_company(document.company_id)
    take(document)
    if said := _just_said(document, body, visibility, by):
        return said
    made = Comment(
        firm_id=document.firm_id,
        company_id=document.company_id,
        document_id=document.id,
        author_id=by.id,
        author_name=by.name,
        body=body,
        visibility=visibility,
    )
    db.session.add(made)
    db.session.flush()
    call(document, made, by=by)
    _note("commented", document, made, by)
    return made


def _just_said(
    document: Document, body: str, visibility: str, by: Person
) -> Comment | None:
    """The same by the same person a moment ago: a second click says nothing more."""
    return db.session.scalar(
        select(Comment)
        .where(
            Comment.document_id == document.id,
            Comment.author_id == by.id,
            Comment.body == body,
            Comment.visibility == visibility,
            Comment.removed_at.is_(None),
            Comment.created_at > utc_now() - A_MOMENT,
        )
        .limit(1)
    )


def remove_comment(document: Document, made: Comment, *, by: Person) -> None:
    """By its author: the words go, that there were some stays for the firm."""
    if made.author_id != by.id:
        raise Refused(_("Only its author removes a comment."))
    lock_company(document.company_id)
    take(document)
    if made.removed_at is None:
        made.body, made.removed_at = "", utc_now()
        forget(made)
        db.session.flush()
        _note("comment_removed", document, made, by)


def _cleaned(body: str) -> str:
    body = body.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip()
    body = unicodedata.normalize("NFC", body)
    if not body:
        raise Refused(_("Write something first."), "body")
    if len(body) > LONGEST:
        raise Refused(_("At most %(most)s characters.", most=LONGEST), "body")
    return body


def _note(verb: str, document: Document, made: Comment, by: Person) -> None:
    is_firm_only = made.visibility == "firm_only"
    note_document(verb, document, by, comment=str(made.id), firm_only=is_firm_only)
