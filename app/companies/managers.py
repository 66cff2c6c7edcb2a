"""The people of a company who are not the firm's: making one, inviting them."""

import re
import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.companies.finding import still_open
from app.companies.models import Company
from app.db import db
from app.errors import Refused
from app.locks import lock_company
from app.people.inviting import invite
from app.people.models import Membership, Person
from app.people.passwords import normal_email
from app.texts import gettext as _
from app.typed import one_line

EMAIL = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@(?:[\w-]{1,63}\.)+[\w-]{2,63}")
LONGEST_EMAIL, LONGEST_NAME = 254, 255


@dataclass(frozen=True)
class Manager:
    name: str
    email: str


@dataclass(frozen=True)
class Member:
    person: Person
    role: str

    @property
    def waits(self) -> bool:
        """They have not chosen a password yet."""
        return self.person.password_hash is None


def checked_manager(name: str, email: str) -> Manager | None:
    """None when nobody is named. Raises Refused, at `manager_name` or
    `manager_email`."""
    name = one_line(name)
    email = normal_email(email)
    if not name and not email:
        return None
    if not email:
        raise Refused(_("Give the manager’s e-mail address too."), "manager_email")
    if len(email) > LONGEST_EMAIL or not EMAIL.fullmatch(email):
        raise Refused(_("This is not an e-mail address."), "manager_email")
    if not name:
        raise Refused(_("Give the manager’s name too."), "manager_name")
    if len(name) > LONGEST_NAME:
        raise Refused(_("The name is too long."), "manager_name")
    return Manager(name, email)


def checked_in_firm(firm_id: uuid.UUID, manager: Manager) -> Person | None:
    """Their account, where they have one. Raises Refused when it cannot be theirs."""
    known = db.session.scalar(
        select(Person).where(Person.firm_id == firm_id, Person.email == manager.email)
    )
    if known and not known.is_client:
        raise Refused(
            _("This address is that of a person of your firm."), "manager_email"
        )
    if known and known.disabled_at:
        raise Refused(_("The account of this person is closed."), "manager_email")
    return known


def make_manager(
    company: Company, manager: Manager, *, by: Person, invites: bool
) -> Person:
    """A person with the role of manager there; one who has an account keeps it.
    Raises Refused."""
    person = checked_in_firm(company.firm_id, manager)
    if person is None:
        person = _made(company.firm_id, manager)
    db.session.add(
        Membership(
            firm_id=company.firm_id,
            person_id=person.id,
            company_id=company.id,
            role="company_manager",
        )
    )
    db.session.flush()
    if invites:
        invite(person, company, by=by)
    return person


def _made(firm_id: uuid.UUID, manager: Manager) -> Person:
    """An account, or the one that another transaction made meanwhile."""
    person = Person(
        firm_id=firm_id, email=manager.email, name=manager.name, role="client"
    )
    try:
        with db.session.begin_nested():
            db.session.add(person)
    except IntegrityError:
        return checked_in_firm(firm_id, manager) or person
    return person


def members_of(company: Company) -> list[Member]:
    """Of the client's side, managers first."""
    found = db.session.execute(
        select(Person, Membership.role)
        .join(Membership, Membership.person_id == Person.id)
        .where(
            Membership.company_id == company.id,
            Person.role == "client",
            Person.disabled_at.is_(None),
        )
        .order_by(Membership.role, Person.name)
    )
    return [Member(person, role) for person, role in found]


def add_manager(
    company: Company, manager: Manager, *, by: Person, invites: bool
) -> Person:
    """To a company that is there already. Raises Refused."""
    lock_company(company.id, exclusive=True)
    still_open(company.id)
    if any(member.person.email == manager.email for member in members_of(company)):
        raise Refused(_("This person may enter already."), "manager_email")
    return make_manager(company, manager, by=by, invites=invites)
