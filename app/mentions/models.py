"""Who was called to a comment by «@», and whether they have seen it."""

import uuid

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, MaybeMoment, Moment, Name, TenantOwned, utc_now
from app.library.models import Comment, Document


class Mention(Base, TenantOwned):
    """One for each person that a comment calls; gone when its words are."""

    __tablename__ = "mentions"

    comment_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    document_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), index=True
    )
    # As it was written: it is marked in the text, whatever they are called later.
    name: Mapped[Name]
    created_at: Mapped[Moment] = mapped_column(default=utc_now)
    read_at: Mapped[MaybeMoment] = mapped_column()

    comment: Mapped[Comment] = relationship()
    document: Mapped[Document] = relationship()

    __table_args__ = (
        Index(
            "ix_mentions_unread",
            "person_id",
            "created_at",
            postgresql_where=read_at.is_(None),
            sqlite_where=read_at.is_(None),
        ),
    )
