"""The record of what must leave, what left, and what was answered.

The database is the only record: queues only wake the one who reads it.
"""

import uuid

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.companies.models import Company
from app.connectors.models import Connection
from app.db import Base, Id, MaybeMoment, Moment, Name, TenantOwned, utc_now
from app.library.models import Document, Version

WAITING = ("pending", "deferred")  # leave by themselves at the next tick
LEASED = ("sending", "in_doubt")  # in the hands of a worker
DONE = ("accepted", "delivered")  # the tool's side has it
BLOCKED = ("held", "failed", "bounced", "unknown")  # need a person
OPEN = (*WAITING, *LEASED, *BLOCKED)  # not come to an end
STATES = (*WAITING, *LEASED, *DONE, *BLOCKED, "cancelled")


class Delivery(Base, TenantOwned):
    """One version towards one slot of one connection: one message, one Message-ID."""

    __tablename__ = "deliveries"

    id: Mapped[Id]
    company_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE")
    )
    document_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), index=True
    )
    version_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("versions.id", ondelete="CASCADE")
    )
    arrival_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("arrivals.id", ondelete="SET NULL")
    )
    connection_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE")
    )
    slot: Mapped[str] = mapped_column(String(20))
    # The period that made it due; null when a person sent it by hand.
    switch_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("folder_switches.id", ondelete="SET NULL"), index=True
    )
    retry_of_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("deliveries.id", ondelete="SET NULL")
    )

    state: Mapped[str] = mapped_column(String(10), default="pending")
    reason: Mapped[str | None] = mapped_column(String(30))
    not_before: Mapped[Moment] = mapped_column(default=utc_now)
    cancel_requested: Mapped[bool] = mapped_column(default=False)

    # Frozen when the row is made: every attempt sends the same message.
    message_id: Mapped[str] = mapped_column(String(255), unique=True)
    message_date: Mapped[Moment] = mapped_column(default=utc_now)
    # Pinned when it is claimed.
    destination: Mapped[str | None] = mapped_column(String(254))
    sender: Mapped[str | None] = mapped_column(String(254))
    file_name: Mapped[Name]
    sha256: Mapped[str] = mapped_column(String(64))
    encoded_size: Mapped[int] = mapped_column(BigInteger)  # bytes on the wire
    # What leaves in the version's place, when the tool does not take its type.
    rendition_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("renditions.id", ondelete="SET NULL")
    )

    # The lease: only the holder of the newest token may send the final dot.
    token: Mapped[int] = mapped_column(Integer, default=0)
    owner: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[MaybeMoment]

    attempts: Mapped[int] = mapped_column(default=0)
    # Workers that were lost while they held it, before the final dot.
    lapses: Mapped[int] = mapped_column(default=0, server_default="0")
    # Times that a final dot went unanswered: each may have been a copy.
    ambiguous: Mapped[int] = mapped_column(default=0)
    last_code: Mapped[int | None]
    last_text: Mapped[str | None] = mapped_column(Text)
    provider_id: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[Moment] = mapped_column(default=utc_now)
    accepted_at: Mapped[MaybeMoment]
    settled_at: Mapped[MaybeMoment]

    company: Mapped[Company] = relationship()
    document: Mapped[Document] = relationship()
    version: Mapped[Version] = relationship()
    connection: Mapped[Connection] = relationship()

    __table_args__ = (
        Index(
            "uq_deliveries_first",
            "version_id",
            "connection_id",
            "slot",
            unique=True,
            postgresql_where=retry_of_id.is_(None),
            sqlite_where=retry_of_id.is_(None),
        ),
        Index(
            "ix_deliveries_due",
            "not_before",
            "id",
            postgresql_where=state.in_(WAITING),
            sqlite_where=state.in_(WAITING),
        ),
        Index(
            "ix_deliveries_leased",
            "lease_until",
            postgresql_where=state.in_(LEASED),
            sqlite_where=state.in_(LEASED),
        ),
        Index(
            "ix_deliveries_open",
            "company_id",
            "state",
            postgresql_where=state.in_(OPEN),
            sqlite_where=state.in_(OPEN),
        ),
        Index("ix_deliveries_company_id_created_at", "company_id", "created_at"),
        Index(
            "ix_deliveries_connection_id_accepted_at", "connection_id", "accepted_at"
        ),
        Index("ix_deliveries_firm_id_id", "firm_id", "id"),
        Index("ix_deliveries_firm_id_settled_at", "firm_id", "settled_at"),
        Index(
            "ix_deliveries_provider_id",
            "provider_id",
            postgresql_where=provider_id.is_not(None),
            sqlite_where=provider_id.is_not(None),
        ),
    )

    @property
    def app_key(self) -> str:
        return self.connection.app_key

    def __repr__(self) -> str:
        return f"<Delivery {self.id} {self.state}>"


class Attempt(Base, TenantOwned):
    """One try, kept for ever: how far it came and what was answered."""

    __tablename__ = "delivery_attempts"

    id: Mapped[Id]
    delivery_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), index=True
    )
    token: Mapped[int]
    owner: Mapped[str] = mapped_column(String(100))
    started_at: Mapped[Moment] = mapped_column(default=utc_now)
    milliseconds: Mapped[int] = mapped_column(default=0)
    # connect, mail, rcpt, data, body, dot, or done
    phase: Mapped[str] = mapped_column(String(10))
    code: Mapped[int | None]
    enhanced_code: Mapped[str | None] = mapped_column(String(12))
    text: Mapped[str] = mapped_column(Text, default="")
    bytes_sent: Mapped[int] = mapped_column(BigInteger, default=0)


class Tick(Base):
    """A quarter of an hour: whoever writes its row first keeps its log."""

    __tablename__ = "ticks"

    slot: Mapped[Moment] = mapped_column(primary_key=True)
    worker: Mapped[str] = mapped_column(String(100))
    started_at: Mapped[Moment] = mapped_column(default=utc_now)
    finished_at: Mapped[MaybeMoment]
    claimed: Mapped[int] = mapped_column(default=0)
    accepted: Mapped[int] = mapped_column(default=0)
    deferred: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)


class MailEvent(Base):
    """What the mail provider told of a message: kept first, then applied, once."""

    __tablename__ = "mail_events"

    id: Mapped[Id]
    provider: Mapped[str] = mapped_column(String(20))
    event_id: Mapped[str] = mapped_column(String(255))
    # delivered, bounced, delayed, complained, subscribe, or other
    kind: Mapped[str] = mapped_column(String(12))
    delivery_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), index=True
    )
    said: Mapped[str] = mapped_column(Text, default="")
    raw: Mapped[str] = mapped_column(Text)
    received_at: Mapped[Moment] = mapped_column(default=utc_now)
    applied_at: Mapped[MaybeMoment]

    __table_args__ = (
        UniqueConstraint("provider", "event_id"),
        Index("ix_mail_events_received_at", "received_at"),
    )


class MailMinute(Base):
    """How many messages were begun in a minute, by all workers together."""

    __tablename__ = "mail_minutes"

    minute: Mapped[Moment] = mapped_column(primary_key=True)
    begun: Mapped[int] = mapped_column(default=0)


class Outage(Base):
    """A time in which the mail server was not to be had, or refused our credentials."""

    __tablename__ = "outages"

    id: Mapped[Id]
    began_at: Mapped[Moment] = mapped_column(default=utc_now)
    ended_at: Mapped[MaybeMoment]
    seen_at: Mapped[Moment] = mapped_column(default=utc_now)  # the last time
    times: Mapped[int] = mapped_column(default=1)
    is_credentials: Mapped[bool] = mapped_column(default=False)
    said: Mapped[str] = mapped_column(Text)
    told_at: Mapped[MaybeMoment]  # when the operators were written to

    __table_args__ = (
        # One of each kind at a time.
        Index(
            "uq_outages_open",
            "is_credentials",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
    )


class Trouble(Base):
    """An address that puts off what is sent to it: left alone until a time."""

    __tablename__ = "troubles"

    address: Mapped[str] = mapped_column(String(254), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)  # in a row
    since: Mapped[Moment] = mapped_column(default=utc_now)
    retry_at: Mapped[Moment] = mapped_column(default=utc_now)
    said: Mapped[str] = mapped_column(Text, default="")


class Audit(Base):
    """One reading of the auditor, and what did not agree."""

    __tablename__ = "audits"

    id: Mapped[Id]
    began_at: Mapped[Moment] = mapped_column(default=utc_now)
    finished_at: Mapped[MaybeMoment]
    # [{"kind": …, "about": …, "text": …}], the first ones
    differences: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    found: Mapped[int] = mapped_column(default=0)
    files_read: Mapped[int] = mapped_column(default=0)
    # Files are read some at a time: the last version that this one came to.
    last_version_id: Mapped[uuid.UUID | None]
