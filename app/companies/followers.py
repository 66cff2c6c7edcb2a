"""Who is told of a company: those of the firm who follow it, and whoever may enter."""

import uuid

from sqlalchemy import or_, select

from app.companies.models import Company
from app.db import db
from app.people.models import Membership, Person


def may_enter(person: Person, company: Company) -> bool:
    """Without a request: still, at this moment."""
    if person.disabled_at is not None:
        return False
    found = Company.visible_to(person).where(Company.id == company.id)
    options = {"across_firms": True}
    return db.session.scalar(found, execution_options=options) is not None


def staff_following(firm_id: uuid.UUID, company_id: uuid.UUID | None) -> list[Person]:
    """The administrators, the staff who see every company, and those who are assigned
    to this one; without company, only the first two."""
    sees = [Person.role == "firm_admin", Person.sees_all_companies]
    if company_id:
        assigned = select(Membership.person_id).where(
            Membership.company_id == company_id
        )
        sees.append(Person.id.in_(assigned))
    found = db.session.scalars(
        select(Person)
        .where(
            Person.firm_id == firm_id,
            Person.role.in_(("firm_admin", "staff")),
            Person.disabled_at.is_(None),
            or_(*sees),
        )
        .order_by(Person.email)
        .execution_options(across_firms=True)
    )
    return list(found)


def operators() -> list[Person]:
    """Those of the platform."""
    found = db.session.scalars(
        select(Person)
        .where(Person.role == "operator", Person.disabled_at.is_(None))
        .order_by(Person.email)
        .execution_options(across_firms=True)
    )
    return list(found)


def administrators(firm_id: uuid.UUID) -> list[Person]:
    return [p for p in staff_following(firm_id, None) if p.is_firm_admin]
