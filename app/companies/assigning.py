"""Which people of the firm see a company: all of them by right, or those assigned."""

import uuid
from dataclasses import dataclass

from sqlalchemy import delete, select

from app.activity.recording import record
from app.companies.finding import still_open
from app.companies.models import Company
from app.db import db
from app.locks import lock_company
from app.people.models import Membership, Person


@dataclass(frozen=True)
class Colleague:
    person: Person
    is_assigned: bool


def colleagues(company: Company) -> list[Colleague]:
    """The staff of the firm; its administrators see everything."""
    assigned = set(
        db.session.scalars(
            select(Membership.person_id).where(Membership.company_id == company.id)
        )
    )
    people = db.session.scalars(
        select(Person)
        .where(
            Person.firm_id == company.firm_id,
            Person.role == "staff",
            Person.disabled_at.is_(None),
        )
        .order_by(Person.name, Person.id)
    )
    return [Colleague(person, person.id in assigned) for person in people]


def assign(
    company: Company, chosen: set[str], see_all: set[str], *, by: Person
) -> None:
    """Those whose ids are chosen see this company; those of `see_all` see each one."""
    lock_company(company.id, exclusive=True)
    still_open(company.id)
    for colleague in colleagues(company):
        person = colleague.person
        _set_sees_all(company, person, str(person.id) in see_all, by)
        if (wanted := str(person.id) in chosen) != colleague.is_assigned:
            _set_assigned(company, person.id, wanted, by)


def _set_sees_all(company: Company, person: Person, wanted: bool, by: Person) -> None:
    if person.sees_all_companies == wanted:
        return
    person.sees_all_companies = wanted
    record(
        "staff_sees_all" if wanted else "staff_sees_assigned",
        firm_id=company.firm_id,
        actor_id=by.id,
        firm_only=True,
        person=str(person.id),
    )


def _set_assigned(
    company: Company, person_id: uuid.UUID, wanted: bool, by: Person
) -> None:
    if wanted:
        db.session.add(
            Membership(
                firm_id=company.firm_id,
                person_id=person_id,
                company_id=company.id,
                role="staff",
            )
        )
    else:
        db.session.execute(
            delete(Membership).where(
                Membership.person_id == person_id,
                Membership.company_id == company.id,
            )
        )
    record(
        "staff_assigned" if wanted else "staff_unassigned",
        firm_id=company.firm_id,
        company_id=company.id,
        actor_id=by.id,
        firm_only=True,
        person=str(person_id),
    )
