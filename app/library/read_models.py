"""What each person has read of what arrived."""

import uuid

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Moment, TenantOwned, utc_now


class FolderRead(Base, TenantOwned):
    """What arrived in the folder until then is no news for the person."""

    __tablename__ = "folder_reads"

    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    folder_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("folders.id", ondelete="CASCADE"), primary_key=True
    )
    read_until: Mapped[Moment] = mapped_column(default=utc_now)


class DocumentRead(Base, TenantOwned):
    """The person opened it, or put it where it is."""

    __tablename__ = "document_reads"

    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    document_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    read_at: Mapped[Moment] = mapped_column(default=utc_now)
