"""What a person narrows a page by, kept under a name of their own."""

import uuid
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Moment, TenantOwned, utc_now

PAGES = ("desk", "search")


class SavedFilter(Base, TenantOwned):
    """Of one person, for one page; nobody else is told of it."""

    __tablename__ = "saved_filters"

    id: Mapped[Id]
    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE")
    )
    page: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(60))
    # The page's own query string, by its names.
    query: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[Moment] = mapped_column(default=utc_now)

    __table_args__ = (UniqueConstraint("person_id", "page", "name"),)

    @property
    def as_text(self) -> str:
        """As an address holds it, in one order."""
        return urlencode(sorted(self.query.items()))
