"""The client companies of a firm and their fiscal years."""

import uuid
from datetime import date
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    UniqueConstraint,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, MaybeMoment, Moment, Name, TenantOwned, utc_now
from app.people.models import Membership, Person


class TreeTemplate(Base, TenantOwned):
    """What the trees of a firm's companies are made from; where a firm has none, the
    library's own is taken."""

    __tablename__ = "tree_templates"

    id: Mapped[Id]
    name: Mapped[Name]
    # For companies that were given no other one.
    is_default: Mapped[bool] = mapped_column(default=False)
    # Nested nodes, as `library.template_nodes` reads them.
    content: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[Moment] = mapped_column(default=utc_now)

    __table_args__ = (
        UniqueConstraint("firm_id", "name"),
        Index(
            "uq_tree_templates_default",
            "firm_id",
            unique=True,
            postgresql_where=text("is_default"),
            sqlite_where=text("is_default"),
        ),
    )

    def __repr__(self) -> str:
        return f"<TreeTemplate {self.name}>"


class Company(Base, TenantOwned):
    __tablename__ = "companies"

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(String(63))
    # The domain of its collection and bot addresses, fixed when it is opened.
    mail_domain: Mapped[str] = mapped_column(String(253))
    name: Mapped[Name]
    siren: Mapped[str | None] = mapped_column(String(9))
    # The slug that it was opened with, once it was changed: nobody else gets it.
    former_slug: Mapped[str | None] = mapped_column(String(63))
    # The firm's default when null.
    template_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("tree_templates.id", ondelete="SET NULL")
    )
    created_at: Mapped[Moment] = mapped_column(default=utc_now)
    archived_at: Mapped[MaybeMoment]

    __table_args__ = (
        UniqueConstraint("firm_id", "slug"),
        # One address leads to one company, across every firm on the domain.
        UniqueConstraint("mail_domain", "slug"),
        Index("ix_companies_firm_id_name", "firm_id", "name"),
        Index("ix_companies_template_id", "template_id"),
    )

    @classmethod
    def visible_to(cls, person: Person) -> Select["Company"]:
        """The companies of the person's firm that this person may enter."""
        return cls.visible(
            person.sees_every_company,
            person.firm_id,
            person.id,
            is_client=person.is_client,
        )

    @staticmethod
    def visible(
        sees_all: bool, firm_id: Any, person_id: Any, *, is_client: bool = False
    ) -> Select["Company"]:
        """The same for a statement that is written once and told who asks. What a
        client looked after as staff once is not theirs."""
        companies = select(Company).where(Company.firm_id == firm_id)
        if sees_all:
            return companies
        is_theirs = (Membership.company_id == Company.id) & (
            Membership.person_id == person_id
        )
        if is_client:
            is_theirs &= Membership.role != "staff"
        return companies.join(Membership, is_theirs)

    @classmethod
    def is_open_to(cls, person_id: Any) -> ColumnElement[bool]:
        """The same of whoever it is, as the database knows them at this moment; nothing
        is open to an account that is closed."""
        theirs = select(Membership.person_id).where(
            Membership.company_id == cls.id,
            Membership.person_id == Person.id,
            or_(Person.role != "client", Membership.role != "staff"),
        )
        is_let_in = or_(
            Person.role == "firm_admin",
            (Person.role == "staff") & Person.sees_all_companies,
            theirs.correlate(cls, Person).exists(),
        )
        person = select(Person.id).where(
            Person.id == person_id,
            Person.firm_id == cls.firm_id,
            Person.disabled_at.is_(None),
            is_let_in,
        )
        return person.correlate(cls).exists()

    @property
    def initials(self) -> str:
        words = [word for word in self.name.split() if word[:1].isalnum()]
        return "".join(word[0] for word in words[:2]).upper()

    def __repr__(self) -> str:
        return f"<Company {self.slug}>"


class FiscalYear(Base, TenantOwned):
    __tablename__ = "fiscal_years"

    id: Mapped[Id]
    company_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE")
    )
    starts_on: Mapped[date]
    ends_on: Mapped[date]  # inclusive

    __table_args__ = (UniqueConstraint("company_id", "starts_on"),)

    @property
    def label(self) -> str:
        """«2026», or «2026-2027» for a year that straddles two."""
        first, last = self.starts_on.year, self.ends_on.year
        return str(last) if first == last else f"{first}-{last}"
