"""Archives that people asked for: made by a job, kept for some days."""

import uuid

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, MaybeMoment, Moment, Name, TenantOwned, utc_now

# Asked for, being made, there, given up, taken away again after its days.
STATES = ("waiting", "working", "ready", "failed", "over")


class Archive(Base, TenantOwned):
    """A ZIP of a company, or of one of its fiscal years."""

    __tablename__ = "archives"

    id: Mapped[Id]
    company_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE")
    )
    # The folder of the year; null for all of the company.
    folder_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("folders.id", ondelete="CASCADE")
    )
    # What it is of, as it was called then; empty for all of the company.
    name: Mapped[Name] = mapped_column(default="")
    # Made for the firm: it holds what no client may see.
    is_for_firm: Mapped[bool]
    asked_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    asked_at: Mapped[Moment] = mapped_column(default=utc_now)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    # The last sign of life of the job; one that gives none was killed.
    seen_at: Mapped[MaybeMoment]
    ready_at: Mapped[MaybeMoment]
    expires_at: Mapped[MaybeMoment]
    storage_key: Mapped[str | None] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    sha256: Mapped[str | None] = mapped_column(String(64))
    files: Mapped[int] = mapped_column(default=0)
    # Documents whose bytes were not to be had.
    missing: Mapped[int] = mapped_column(default=0)
    # The ids of its documents (`held.py`).
    held: Mapped[bytes | None] = mapped_column(deferred=True)

    __table_args__ = (
        Index("ix_archives_company_id_asked_at", "company_id", "asked_at"),
    )
