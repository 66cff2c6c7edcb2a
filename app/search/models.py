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
    func,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, TenantOwned


class SearchEntry(Base, TenantOwned):
    __tablename__ = "search_entries"

    document_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    company_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE"), index=True
    )
    # «f<firm> c<company>»: inside the index, so that a search meets its own only.
    scope: Mapped[str] = mapped_column(String(80))
    # Its words, folded, each once; of the name first, then of the text.
    body: Mapped[str] = mapped_column(Text)
    # The text layer of the file, to fold again and to show some of.
    content: Mapped[str] = mapped_column(Text, default="")
    # The bytes that it was read from; null while nobody has tried.
    read_sha256: Mapped[str | None] = mapped_column(String(64))


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
