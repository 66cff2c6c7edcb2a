"""Mail that the bots received: invitations, refusals, bounces; read by staff only."""

import uuid

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.companies.models import Company
from app.connectors.models import Connection
from app.db import Base, Id, MaybeMoment, Moment, TenantOwned, utc_now

KINDS = ("invitation", "bounce", "refusal", "other")


class BotMail(Base, TenantOwned):
    """One message to one bot; its bytes are kept untouched under their key."""

    __tablename__ = "bot_mails"

    id: Mapped[Id]
    app_key: Mapped[str] = mapped_column(String(40))
    bot_address: Mapped[str] = mapped_column(String(254))
    # What it belongs to, as far as that can be told.
    company_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE")
    )
    connection_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("connections.id", ondelete="SET NULL"), index=True
    )
    delivery_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("deliveries.id", ondelete="SET NULL"), index=True
    )
    test_mail_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("test_mails.id", ondelete="SET NULL")
    )
    kind: Mapped[str] = mapped_column(String(10), default="other")
    sender: Mapped[str] = mapped_column(String(320), default="")  # of the envelope
    from_address: Mapped[str] = mapped_column(String(320), default="")
    from_name: Mapped[str] = mapped_column(String(255), default="")
    subject: Mapped[str] = mapped_column(String(500), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    # [{"url": …, "host": …, "text": …}]: only http and https, real hosts.
    links: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    message_id: Mapped[str] = mapped_column(String(500), default="")
    storage_key: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[Moment] = mapped_column(default=utc_now)
    read_at: Mapped[MaybeMoment]
    read_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))

    company: Mapped[Company | None] = relationship()
    connection: Mapped[Connection | None] = relationship()

    __table_args__ = (
        # The same message handed in twice is one.
        UniqueConstraint("bot_address", "sha256"),
        Index("ix_bot_mails_firm_id_received_at", "firm_id", "received_at"),
    )
