"""Calling people to a comment, and their having seen it. Acts; the caller commits."""

from sqlalchemy import ColumnElement, delete, select, update

from app.db import database_now, db
from app.errors import Refused
from app.library.models import Comment, Document
from app.mentions.audience import readers
from app.mentions.marking import called
from app.mentions.models import Mention
from app.mentions.telling import tell
from app.people.models import Person
from app.texts import gettext as _

MOST = 20  # people that one comment calls


def call(document: Document, comment: Comment, *, by: Person) -> list[Mention]:
    """Those whom its text calls; they are written to. Raises Refused when one of them
    may not read it: whoever wrote believes that they will."""
    if "@" not in comment.body:
        return []
    all_of_them = readers(document, "shared") if by.is_firm_side else []
    audience = readers(document, comment.visibility)
    meant = called(comment.body, audience)
    if left_out := _left_out(called(comment.body, all_of_them), meant):
        raise Refused(
            _(
                "%(name)s does not read what is for the firm only: make the comment "
                "visible to the client, or take the “@” away.",
                name=left_out.name,
            ),
            "body",
        )
    if len(meant) > MOST:
        raise Refused(_("A comment calls %(most)s people at most.", most=MOST), "body")
    mentions = [
        Mention(
            firm_id=document.firm_id,
            comment_id=comment.id,
            person_id=person.id,
            document_id=document.id,
            name=person.name,
        )
        for person in meant
        if person.id != by.id
    ]
    db.session.add_all(mentions)
    db.session.flush()
    tell(document, comment, [p for p in meant if p.id != by.id])
    return mentions


def _left_out(wanted: list[Person], meant: list[Person]) -> Person | None:
    """One who is called but does not read it, and has no namesake who does."""
    names = {person.name.casefold() for person in meant}
    return next((p for p in wanted if p.name.casefold() not in names), None)


def forget(comment: Comment) -> None:
    """Its words are gone."""
    db.session.execute(delete(Mention).where(Mention.comment_id == comment.id))


def has_unread(document: Document, reader: Person) -> bool:
    wanted = select(Mention.comment_id).where(*_unread(document, reader)).limit(1)
    return db.session.scalar(wanted) is not None


def note_read(document: Document, reader: Person) -> None:
    """They opened the document; again changes nothing."""
    db.session.execute(
        update(Mention)
        .where(*_unread(document, reader))
        .values(read_at=database_now())
        .execution_options(synchronize_session=False)
    )


def _unread(document: Document, reader: Person) -> tuple[ColumnElement[bool], ...]:
    return (
        Mention.document_id == document.id,
        Mention.person_id == reader.id,
        Mention.read_at.is_(None),
    )
