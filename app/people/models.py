"""Who signs in: the operator, the firm's staff, the people of its clients."""

import uuid

from flask_login import UserMixin
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, Id, MaybeMoment, Moment, Name, TenantOwned, utc_now
from app.firms.models import Firm

ROLES = ("operator", "firm_admin", "staff", "client")
FOLDER_VIEWS = ("list", "grid")
MEMBER_ROLES = ("staff", "company_manager", "company_user")


class Person(Base, UserMixin):
    """One account at one firm (or, without firm, an operator of the platform)."""

    __tablename__ = "people"

    id: Mapped[Id]
    firm_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("firms.id", ondelete="CASCADE")
    )
    email: Mapped[str] = mapped_column(String(254))  # NFKC, casefolded, trimmed
    name: Mapped[Name]
    role: Mapped[str] = mapped_column(String(16))
    # Staff see the companies assigned to them, or all of them.
    sees_all_companies: Mapped[bool] = mapped_column(default=False)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    # Of the secret in the newest link that was sent to choose a password; null once one
    # was chosen by it.
    invitation_sha256: Mapped[str | None] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(8), default="fr")
    # Written to at once when a comment calls them.
    mention_mails: Mapped[bool] = mapped_column(default=True, server_default=true())
    # Of FOLDER_VIEWS
    folder_view: Mapped[str] = mapped_column(
        String(8), default="list", server_default="list"
    )
    created_at: Mapped[Moment] = mapped_column(default=utc_now)
    disabled_at: Mapped[MaybeMoment]

    firm: Mapped[Firm | None] = relationship()

    __table_args__ = (
        UniqueConstraint("firm_id", "email"),
        # NULLs are distinct in the constraint above: operators need their own.
        Index(
            "uq_people_operator_email",
            "email",
            unique=True,
            postgresql_where=firm_id.is_(None),
            sqlite_where=firm_id.is_(None),
        ),
    )

    @property
    def is_operator(self) -> bool:
        return self.role == "operator"

    @property
    def is_firm_side(self) -> bool:
        """Staff and administrators: those who may know of connectors."""
        return self.role in {"firm_admin", "staff"}

    @property
    def is_firm_admin(self) -> bool:
        return self.role == "firm_admin"

    @property
    def is_client(self) -> bool:
        return self.role == "client"

    @property
    def sees_every_company(self) -> bool:
        return self.is_firm_admin or (self.role == "staff" and self.sees_all_companies)

    @property
    def first_name(self) -> str:
        return self.name.split()[0]

    @property
    def initials(self) -> str:
        words = self.name.split()
        return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()

    def __repr__(self) -> str:
        return f"<Person {self.id} {self.role}>"


class Membership(Base, TenantOwned):
    """A person's place in a company: assigned staff, manager or user."""

    __tablename__ = "memberships"

    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True
    )
    company_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[Moment] = mapped_column(default=utc_now)


class SignIn(Base):
    """An open session. Ending the row ends the session, whatever the cookie says."""

    __tablename__ = "sign_ins"

    id: Mapped[Id]
    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), index=True
    )
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    started_at: Mapped[Moment] = mapped_column(default=utc_now)
    expires_at: Mapped[Moment]
    ended_at: Mapped[MaybeMoment]
    address: Mapped[str] = mapped_column(String(45), default="")

    person: Mapped[Person] = relationship()
