"""The record of what must be written to whom; the queue only wakes who reads it."""

import uuid

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, MaybeMoment, Moment, TenantOwned, utc_now

# `mails`: a client is told only of what they sent by mail, as long as they choose
# nothing else.
FREQUENCIES = ("never", "mails", "now", "daily")


class Notice(Base):
    """A mail to one person, from the firm or (without firm) from the platform."""

    __tablename__ = "notices"

    id: Mapped[Id]
    firm_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("firms.id", ondelete="CASCADE"), index=True
    )
    # What it tells of, where that is one company: for who may enter it still.
    company_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str] = mapped_column(String(254))
    reply_to: Mapped[str | None] = mapped_column(String(254))
    # Where the person stops the like of it, without signing in (RFC 8058).
    stop_url: Mapped[str | None] = mapped_column(String(500))
    # Message-IDs of the conversation that it answers, the newest last.
    thread: Mapped[str] = mapped_column(String(1000), default="", server_default="")
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


class NoticeSetting(Base, TenantOwned):
    """How often a person is written to about the deposits of a company: for staff what
    others deposited, for a client the receipt of their own."""

    __tablename__ = "notice_settings"

    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    company_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    deposits: Mapped[str] = mapped_column(String(8))
    # What arrived until then was told of, or was not to be.
    told_until: Mapped[Moment] = mapped_column(default=utc_now)
