"""What a firm adopted, which companies are connected, and which folders are on."""

import uuid
from datetime import date

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.companies.models import Company
from app.db import Base, Id, MaybeMoment, Moment, Name, TenantOwned, utc_now


class FirmApp(Base, TenantOwned):
    """A partner application among those of the firm."""

    __tablename__ = "firm_apps"

    id: Mapped[Id]
    app_key: Mapped[str] = mapped_column(String(40))
    adopted_at: Mapped[Moment] = mapped_column(default=utc_now)
    adopted_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    # Between the prefix and the slug of its bots; the platform's own when null.
    separator: Mapped[str | None] = mapped_column(String(1))

    __table_args__ = (UniqueConstraint("firm_id", "app_key"),)


class OwnApp(Base, TenantOwned):
    """«Application personnalisée»: a tool of the firm that takes documents by mail."""

    __tablename__ = "own_apps"

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[Name]
    monogram: Mapped[str] = mapped_column(String(2))
    tone: Mapped[str] = mapped_column(String(20))
    bot_prefix: Mapped[str] = mapped_column(String(20))
    usual_domain: Mapped[str] = mapped_column(String(253), default="")
    content_types: Mapped[list[str]] = mapped_column(JSON, default=list)
    max_file_bytes: Mapped[int]
    created_at: Mapped[Moment] = mapped_column(default=utc_now)
    created_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))


class DemoRequest(Base, TenantOwned):
    """The firm asked to be shown an application; at most once a day for each."""

    __tablename__ = "demo_requests"

    id: Mapped[Id]
    app_key: Mapped[str] = mapped_column(String(40))
    asked_on: Mapped[date]
    asked_at: Mapped[Moment] = mapped_column(default=utc_now)
    asked_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))

    __table_args__ = (UniqueConstraint("firm_id", "app_key", "asked_on"),)


class VendorContact(Base):
    """Whom the platform writes to at the maker of an application; the operator's."""

    __tablename__ = "vendor_contacts"

    app_key: Mapped[str] = mapped_column(String(40), primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    changed_at: Mapped[Moment] = mapped_column(default=utc_now)


class Bot(Base, TenantOwned):
    """An address that sends for a company, or for the whole firm, and gets mail too.

    One that was replaced keeps leading to the same place.
    """

    __tablename__ = "bots"

    address: Mapped[str] = mapped_column(String(254), primary_key=True)  # lower case
    app_key: Mapped[str] = mapped_column(String(40))
    # Null for the bot of a whole firm.
    company_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[Moment] = mapped_column(default=utc_now)


class Connection(Base, TenantOwned):
    """A company authorised for an application (company × application)."""

    __tablename__ = "connections"

    id: Mapped[Id]
    company_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE"), index=True
    )
    app_key: Mapped[str] = mapped_column(String(40))
    bot_address: Mapped[str] = mapped_column(String(254))
    authorised_at: Mapped[Moment] = mapped_column(default=utc_now)
    authorised_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    revoked_at: Mapped[MaybeMoment]
    last_success_at: Mapped[MaybeMoment]
    # Counts the changes, so that an older page cannot overwrite a newer one.
    revision: Mapped[int] = mapped_column(default=0)
    # What has the very bytes of an earlier document waits for a person.
    holds_duplicates: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )

    company: Mapped[Company] = relationship()
    destinations: Mapped[list["Destination"]] = relationship(
        back_populates="connection", order_by="Destination.slot"
    )

    __table_args__ = (UniqueConstraint("company_id", "app_key"),)

    @property
    def is_authorised(self) -> bool:
        return self.revoked_at is None

    @property
    def refused(self) -> "Destination | None":
        """The first of its addresses that the server refused."""
        return next((d for d in self.destinations if d.refused_at), None)

    def destination_for(self, slot: str) -> "Destination | None":
        return next((d for d in self.destinations if d.slot == slot), None)


class Destination(Base, TenantOwned):
    """Where one slot of a connection sends to (purchases, sales…)."""

    __tablename__ = "destinations"

    id: Mapped[Id]
    connection_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE")
    )
    slot: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(254))
    changed_at: Mapped[Moment] = mapped_column(default=utc_now)
    changed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    # The server refused it, or our sender: nothing leaves until a person has acted.
    refused_at: Mapped[MaybeMoment]
    refusal: Mapped[str | None] = mapped_column(String(500))
    refused_side: Mapped[str | None] = mapped_column(String(9))  # recipient or sender

    connection: Mapped[Connection] = relationship(back_populates="destinations")

    __table_args__ = (
        UniqueConstraint("connection_id", "slot"),
        Index("ix_destinations_firm_id_address", "firm_id", "address"),
    )


class StepDone(Base, TenantOwned):
    """A step on the tool's side that somebody ticked."""

    __tablename__ = "connection_steps"

    connection_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True
    )
    step: Mapped[str] = mapped_column(String(20), primary_key=True)
    done_at: Mapped[Moment] = mapped_column(default=utc_now)
    done_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))


class TestMail(Base, TenantOwned):
    """«E-mail de test»: a message to the destination, without a document."""

    __tablename__ = "test_mails"
    __test__ = False  # no test class, whatever its name makes pytest think

    id: Mapped[Id]
    connection_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE"), index=True
    )
    slot: Mapped[str] = mapped_column(String(20))
    sender: Mapped[str] = mapped_column(String(254))
    destination: Mapped[str] = mapped_column(String(254))
    message_id: Mapped[str] = mapped_column(String(255), unique=True)
    asked_at: Mapped[Moment] = mapped_column(default=utc_now)
    asked_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    # asked, sending, accepted, delivered, refused, unanswered or bounced
    state: Mapped[str] = mapped_column(String(10), default="asked")
    code: Mapped[int | None]
    text: Mapped[str] = mapped_column(Text, default="")
    settled_at: Mapped[MaybeMoment]


class FolderSwitch(Base, TenantOwned):
    """One explicit setting of a folder, for as long as it stands.

    The nearest one at or above a folder decides. A closed row is history: it proves
    what was on when, so a period is never opened again.
    """

    __tablename__ = "folder_switches"

    id: Mapped[Id]
    company_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE")
    )
    folder_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("folders.id", ondelete="CASCADE")
    )
    connection_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE")
    )
    slot: Mapped[str] = mapped_column(String(20))
    is_on: Mapped[bool]
    opened_at: Mapped[Moment] = mapped_column(default=utc_now)
    opened_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    closed_at: Mapped[MaybeMoment]
    closed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))

    connection: Mapped[Connection] = relationship()

    __table_args__ = (
        Index(
            "uq_folder_switches_open",
            "folder_id",
            "connection_id",
            "slot",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
            sqlite_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_folder_switches_company_open",
            "company_id",
            postgresql_where=text("closed_at IS NULL"),
            sqlite_where=text("closed_at IS NULL"),
        ),
    )
