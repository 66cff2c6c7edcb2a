"""What a firm adopted, which companies are connected, and which folders are on."""

import uuid

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.companies.models import Company
from app.db import Base, Id, MaybeMoment, Moment, TenantOwned, utc_now


class FirmApp(Base, TenantOwned):
    """A partner application among those of the firm."""

    __tablename__ = "firm_apps"

    id: Mapped[Id]
    app_key: Mapped[str] = mapped_column(String(40))
    adopted_at: Mapped[Moment] = mapped_column(default=utc_now)
    adopted_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))

    __table_args__ = (UniqueConstraint("firm_id", "app_key"),)


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
    # The server said that the address or the sender is wrong: nothing leaves until
    # a person has corrected it.
    refused_at: Mapped[MaybeMoment]
    refusal: Mapped[str | None] = mapped_column(String(500))
    last_success_at: Mapped[MaybeMoment]

    company: Mapped[Company] = relationship()
    destinations: Mapped[list["Destination"]] = relationship(
        back_populates="connection", order_by="Destination.slot"
    )

    __table_args__ = (UniqueConstraint("company_id", "app_key"),)

    @property
    def is_authorised(self) -> bool:
        return self.revoked_at is None

    @property
    def is_usable(self) -> bool:
        """Authorised, not refused, and with somewhere to send to."""
        return (
            self.is_authorised and self.refused_at is None and bool(self.destinations)
        )

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

    connection: Mapped[Connection] = relationship(back_populates="destinations")

    __table_args__ = (UniqueConstraint("connection_id", "slot"),)


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
