"""Folders, documents, their versions, and how each one arrived."""

import uuid

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.companies.models import Company
from app.db import Base, Id, MaybeMoment, Moment, Name, TenantOwned, utc_now

VISIBILITIES = ("shared", "read_only", "firm_only")
CHANNELS = ("web", "phone", "mail", "firm", "api")
ARRIVAL_KINDS = (
    "upload",
    "email",
    "camera",
    "sync",
    "copy",
    "move_in",
    "restore",
    "replace",
    "rotate",
)
STATUSES = ("received", "validated", "rejected")
AUDIENCES = ("shared", "firm_only")


class Folder(Base, TenantOwned):
    __tablename__ = "folders"

    id: Mapped[Id]
    company_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE")
    )
    parent_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("folders.id", ondelete="CASCADE")
    )
    name: Mapped[Name]
    position: Mapped[int] = mapped_column(default=0)
    # What the template made it for: inbox, accounting, fiscal_year, purchases…
    kind: Mapped[str] = mapped_column(String(20), default="plain")
    visibility: Mapped[str] = mapped_column(String(10), default="shared")
    # A folder of the template: clients may not rename, move or trash it.
    is_locked: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Moment] = mapped_column(default=utc_now)
    # What arrived before was decided on under other folders.
    moved_at: Mapped[MaybeMoment]
    trashed_at: Mapped[MaybeMoment]
    trashed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    # The folder that was put in the trash and took this one with it; itself for that.
    trashed_with_id: Mapped[uuid.UUID | None] = mapped_column(index=True)

    company: Mapped[Company] = relationship()

    __table_args__ = (
        Index(
            "ix_folders_company_id_parent_id_position",
            "company_id",
            "parent_id",
            "position",
        ),
        Index("ix_folders_parent_id", "parent_id"),
    )

    def __repr__(self) -> str:
        return f"<Folder {self.name}>"


class Document(Base, TenantOwned):
    """What people see: a name in a folder, whose bytes are its current version."""

    __tablename__ = "documents"

    id: Mapped[Id]
    company_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE")
    )
    folder_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("folders.id", ondelete="CASCADE")
    )
    name: Mapped[Name]
    # The current version, with what lists need of it.
    version_number: Mapped[int] = mapped_column(default=1)
    size: Mapped[int] = mapped_column(BigInteger)  # bytes
    sha256: Mapped[str] = mapped_column(String(64))
    content_type: Mapped[str] = mapped_column(String(100))
    # Validated says that the firm has it; how is told apart from transmitted.
    status: Mapped[str] = mapped_column(String(10), default="received")
    validated_at: Mapped[MaybeMoment]
    validated_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    rejected_reason: Mapped[str | None] = mapped_column(String(500))
    # What the firm notes about it, for its client too.
    description: Mapped[str] = mapped_column(Text, default="", server_default="")
    piece_number: Mapped[str] = mapped_column(String(50), default="", server_default="")
    # Who, how, when
    channel: Mapped[str] = mapped_column(String(10))
    depositor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    depositor_name: Mapped[Name]
    arrived_at: Mapped[Moment] = mapped_column(default=utc_now)
    # It came into its folder then, from another one.
    moved_at: Mapped[MaybeMoment]
    # One per file that a browser sends: a repeat finds the first one's document.
    upload_id: Mapped[uuid.UUID | None]
    # An earlier document of the company with the very same bytes.
    duplicate_of_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("documents.id", ondelete="SET NULL")
    )
    trashed_at: Mapped[MaybeMoment]
    trashed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    # The folder that was put in the trash and took this document with it.
    trashed_with_id: Mapped[uuid.UUID | None] = mapped_column(index=True)

    folder: Mapped[Folder] = relationship()

    __table_args__ = (
        Index("ix_documents_company_id_sha256", "company_id", "sha256"),
        Index(
            "ix_documents_folder_id_name",
            "folder_id",
            "name",
            postgresql_ops={"name": "text_pattern_ops"},
        ),
        UniqueConstraint("firm_id", "upload_id"),
    )

    @property
    def is_kept_back(self) -> bool:
        """In the trash, or refused by the firm: nobody may send it now."""
        return self.trashed_at is not None or self.status == "rejected"

    def __repr__(self) -> str:
        return f"<Document {self.id}>"


# The order of a folder's page: the newest first.
Index(
    "ix_documents_listing",
    Document.folder_id,
    Document.arrived_at.desc(),
    Document.id.desc(),
    postgresql_where=Document.trashed_at.is_(None),
    sqlite_where=Document.trashed_at.is_(None),
)


# What is new where it was moved to.
_WAS_MOVED = Document.moved_at.is_not(None) & Document.trashed_at.is_(None)
Index(
    "ix_documents_moved",
    Document.folder_id,
    Document.moved_at.desc(),
    Document.id.desc(),
    postgresql_where=_WAS_MOVED,
    sqlite_where=_WAS_MOVED,
)


# The other orders of the page; by name on the server that large folders are for.
Index(
    "ix_documents_by_size",
    Document.folder_id,
    Document.size,
    Document.id,
    postgresql_where=Document.trashed_at.is_(None),
    sqlite_where=Document.trashed_at.is_(None),
)
Index(
    "ix_documents_by_name",
    Document.folder_id,
    func.lower(Document.name).collate("C"),
    Document.id,
    postgresql_where=Document.trashed_at.is_(None),
).ddl_if(dialect="postgresql")


class Version(Base, TenantOwned):
    """The bytes as they came, kept untouched; numbers count from 1."""

    __tablename__ = "versions"

    id: Mapped[Id]
    document_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE")
    )
    number: Mapped[int]
    storage_key: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    content_type: Mapped[str] = mapped_column(String(100))
    original_name: Mapped[str] = mapped_column(String(1000))
    # What keeps it from being booked: damaged, encrypted. Null when nothing was found.
    defect: Mapped[str | None] = mapped_column(String(20))
    pages: Mapped[int | None]
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[Moment] = mapped_column(default=utc_now)

    document: Mapped[Document] = relationship()

    __table_args__ = (UniqueConstraint("document_id", "number"),)


class Rendition(Base, TenantOwned):
    """Another form of a version, made for those that cannot take it as it is; made
    once, so that every copy is the same. The version's own bytes stay untouched."""

    __tablename__ = "renditions"

    id: Mapped[Id]
    version_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("versions.id", ondelete="CASCADE")
    )
    storage_key: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    content_type: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[Moment] = mapped_column(default=utc_now)

    __table_args__ = (UniqueConstraint("version_id", "content_type"),)


class Arrival(Base, TenantOwned):
    """A version came into a folder: the fact that a delivery is decided on."""

    __tablename__ = "arrivals"

    id: Mapped[Id]
    company_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE"), index=True
    )
    document_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), index=True
    )
    version_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("versions.id", ondelete="CASCADE")
    )
    folder_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("folders.id", ondelete="CASCADE")
    )
    kind: Mapped[str] = mapped_column(String(10))
    channel: Mapped[str] = mapped_column(String(10))
    actor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    at: Mapped[Moment] = mapped_column(default=utc_now)


class Comment(Base, TenantOwned):
    """What a person wrote beside a document, and who may read it."""

    __tablename__ = "comments"

    id: Mapped[Id]
    company_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE")
    )
    document_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), index=True
    )
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    author_name: Mapped[Name]
    body: Mapped[str] = mapped_column(Text)
    visibility: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[Moment] = mapped_column(default=utc_now)
    # By its author; the words are gone then, and the firm reads that there were some.
    removed_at: Mapped[MaybeMoment]

    document: Mapped[Document] = relationship()

    __table_args__ = (
        Index(
            "ix_comments_company_id_author_id_created_at",
            "company_id",
            "author_id",
            "created_at",
        ),
    )
