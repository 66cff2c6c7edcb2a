"""The audit trail: what was done, by whom, to what; sealed in a chain of hashes."""

import uuid
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Moment, TenantOwned, utc_now


class Entry(Base, TenantOwned):
    """One line of the trail. Never changed, except to be sealed once."""

    __tablename__ = "activity"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True
    )
    company_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE")
    )
    document_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("documents.id", ondelete="SET NULL"), index=True
    )
    actor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    verb: Mapped[str] = mapped_column(String(40))
    # Facts that the firm alone may read (connectors, deliveries).
    is_firm_only: Mapped[bool] = mapped_column(default=False)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    at: Mapped[Moment] = mapped_column(default=utc_now)
    # Given by the sealing: position in the firm's chain, from 1.
    position: Mapped[int | None]
    sha256: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (
        Index("ix_activity_firm_id_company_id_at", "firm_id", "company_id", "at"),
        Index("uq_activity_firm_id_position", "firm_id", "position", unique=True),
        Index(
            "ix_activity_unsealed",
            "firm_id",
            "id",
            postgresql_where=text("position IS NULL"),
            sqlite_where=text("position IS NULL"),
        ),
    )
