"""The record of what must be written to whom; the queue only wakes who reads it."""

import uuid

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, MaybeMoment, Moment, utc_now


class Notice(Base):
    """A mail to one person, from the firm or (without firm) from the platform."""

    __tablename__ = "notices"

    id: Mapped[Id]
    firm_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("firms.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str] = mapped_column(String(254))
    reply_to: Mapped[str | None] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(255))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Moment] = mapped_column(default=utc_now)
    not_before: Mapped[Moment] = mapped_column(default=utc_now)
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[MaybeMoment] = mapped_column()
    failed_at: Mapped[MaybeMoment] = mapped_column()
    last_text: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (
        Index(
            "ix_notices_due",
            "not_before",
            postgresql_where=sent_at.is_(None) & failed_at.is_(None),
            sqlite_where=sent_at.is_(None) & failed_at.is_(None),
        ),
    )
