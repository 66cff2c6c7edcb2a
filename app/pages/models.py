"""Pictures of the pages of a version, made for looking at; they can be made again."""

import uuid

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Moment, Name, TenantOwned, utc_now


class Preview(Base, TenantOwned):
    """How far the pictures of a version have come."""

    __tablename__ = "previews"

    id: Mapped[Id]
    version_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("versions.id", ondelete="CASCADE")
    )
    # making, done, or failed: no page of it can be shown
    state: Mapped[str] = mapped_column(String(10), default="making")
    # Why none can: damaged, encrypted, oversized, empty. Null when it is not known.
    defect: Mapped[str | None] = mapped_column(String(20))
    pages: Mapped[int | None]  # of the file
    made: Mapped[int] = mapped_column(default=0)  # pages tried so far
    broken: Mapped[int] = mapped_column(default=0)  # of these, no picture could be made
    is_signed: Mapped[bool] = mapped_column(default=False)
    # Encrypted, even when it opens without a password.
    is_locked: Mapped[bool] = mapped_column(default=False)
    touched_at: Mapped[Moment] = mapped_column(default=utc_now)

    __table_args__ = (UniqueConstraint("version_id"),)


class PageImage(Base, TenantOwned):
    """A page at one of the widths; numbers count from 1."""

    __tablename__ = "page_images"

    id: Mapped[Id]
    preview_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("previews.id", ondelete="CASCADE")
    )
    number: Mapped[int]
    width: Mapped[int]  # the one that was asked for: `making.WIDTHS`
    storage_key: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]  # bytes
    sha256: Mapped[str] = mapped_column(String(64))
    # As it is: a small picture is not made larger.
    pixels_wide: Mapped[int]
    pixels_high: Mapped[int]

    __table_args__ = (UniqueConstraint("preview_id", "number", "width"),)


class Photo(Base, TenantOwned):
    """One that a version was made of, as it was taken; numbers count from 1."""

    __tablename__ = "photos"

    id: Mapped[Id]
    version_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("versions.id", ondelete="CASCADE")
    )
    number: Mapped[int]
    storage_key: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger)  # bytes
    sha256: Mapped[str] = mapped_column(String(64))
    content_type: Mapped[str] = mapped_column(String(100))
    name: Mapped[Name]

    __table_args__ = (UniqueConstraint("version_id", "number"),)
