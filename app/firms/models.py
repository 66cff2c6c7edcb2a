"""The tenant: an accounting firm, the hosts it answers on and its brand."""

import uuid

from sqlalchemy import ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, MaybeMoment, Moment, Name, utc_now
from app.firms.brand import Brand


class Firm(Base):
    __tablename__ = "firms"

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[Name]
    tagline: Mapped[str] = mapped_column(String(200), default="")
    brand_colour: Mapped[str] = mapped_column(String(7), default="#14533f")
    brand_accent: Mapped[str | None] = mapped_column(String(7))
    topbar: Mapped[str] = mapped_column(String(10), default="couleur")
    # Where its bots and collection addresses live; the platform's own when null.
    mail_domain: Mapped[str | None] = mapped_column(String(253))
    # Its administrators may add partner applications by themselves.
    may_adopt_apps: Mapped[bool] = mapped_column(default=False)
    # A ZIP that comes by mail is opened, and its files are the documents.
    unzips_mail: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[Moment] = mapped_column(default=utc_now)
    suspended_at: Mapped[MaybeMoment]

    @property
    def brand(self) -> Brand:
        return Brand(self.brand_colour, self.brand_accent, self.topbar)

    def __repr__(self) -> str:
        return f"<Firm {self.slug}>"


class FirmDomain(Base):
    """A host of the firm's own, besides `<slug>.<PLATFORM_DOMAIN>`."""

    __tablename__ = "firm_domains"

    host: Mapped[str] = mapped_column(String(253), primary_key=True)
    firm_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("firms.id", ondelete="CASCADE"), index=True
    )
    added_at: Mapped[Moment] = mapped_column(default=utc_now)
