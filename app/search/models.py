"""What a document is found by. Where it lies, and so who may see it, is not kept here:
that is asked of its folder each time."""

import uuid
from typing import cast

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    false,
    func,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, TenantOwned


class SearchEntry(Base, TenantOwned):
    """One for each document, in the order that they came."""

    __tablename__ = "search_entries"

    document_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    company_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE")
    )
    # «c<company>»: a word of the index, so that a search meets its own company only.
    scope: Mapped[str] = mapped_column(String(80))
    # Its words, folded, each once and with the firm's key before it (`indexing`).
    body: Mapped[str] = mapped_column(Text)
    # The text layer of the file, to fold again and to show some of.
    content: Mapped[str] = mapped_column(Text, default="")
    # The bytes that it was read from; null while nobody has tried.
    read_sha256: Mapped[str | None] = mapped_column(String(64))
    # Some page of it holds no text, and nobody has tried to recognise any (`ocr`).
    needs_ocr: Mapped[bool] = mapped_column(default=False, server_default=false())

    # By time, of a company and of a firm; both name the firm, as every statement does,
    # or the database takes the rows of the one for a part of those of the other.
    __table_args__ = (
        Index(
            "ix_search_entries_firm_id_company_id_document_id",
            "firm_id",
            "company_id",
            "document_id",
        ),
        Index("ix_search_entries_firm_id_document_id", "firm_id", "document_id"),
    )


# Written out, for PostgreSQL takes the index for this very expression only.
VECTOR = func.to_tsvector(
    literal_column("'simple'"),
    SearchEntry.scope.expression + literal_column("' '") + SearchEntry.body.expression,
)
_TABLE = cast("Table", SearchEntry.__table__)
Index(
    "ix_search_entries_words",
    # The same as PostgreSQL writes it.
    text("to_tsvector('simple'::regconfig, (scope::text || ' '::text) || body)"),
    postgresql_using="gin",
    _table=_TABLE,
).ddl_if(dialect="postgresql")
Index(
    "ix_search_entries_unread",
    SearchEntry.document_id,
    postgresql_where=SearchEntry.read_sha256.is_(None),
    sqlite_where=SearchEntry.read_sha256.is_(None),
)
Index(
    "ix_search_entries_needs_ocr",
    SearchEntry.document_id,
    postgresql_where=SearchEntry.needs_ocr,
    sqlite_where=SearchEntry.needs_ocr,
)
