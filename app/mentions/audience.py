"""Who may be called to a comment: those who may read it, and nobody else."""

from sqlalchemy import select

from app.companies.followers import staff_following
from app.companies.models import Company
from app.db import db
from app.folding import plain
from app.library.models import Document
from app.library.tree import chain, sight_of
from app.people.models import Membership, Person

OFFERED = 8


def readers(document: Document, visibility: str) -> list[Person]:
    """In the order of their names. Clients read what is shared, in folders that they
    may see."""
    found = staff_following(document.firm_id, document.company_id)
    if visibility == "shared":
        found += _clients(document)
    return sorted(found, key=lambda person: (plain(person.name), person.email))


def offered(
    document: Document, visibility: str, typed: str, *, to: Person
) -> list[Person]:
    """Those whose name, or a word of it, begins with what was typed behind «@»."""
    begun = plain(typed.strip())
    return [
        person
        for person in readers(document, visibility)
        if person.id != to.id and _is_begun(plain(person.name), begun)
    ][:OFFERED]


def _is_begun(name: str, begun: str) -> bool:
    words = name.split()
    return any(" ".join(words[at:]).startswith(begun) for at in range(len(words)))


def _clients(document: Document) -> list[Person]:
    company = db.session.get_one(Company, document.company_id)
    path = chain(document.folder_id, company.id)
    found = db.session.execute(
        select(Person, Membership.role)
        .join(Membership, Membership.person_id == Person.id)
        .where(
            Membership.company_id == company.id,
            Membership.role != "staff",
            Person.disabled_at.is_(None),
        )
    ).all()
    sights = {role: sight_of(role, company) for role in {row[1] for row in found}}
    return [
        person
        for person, role in found
        if all(sights[role].allows(folder) for folder in path)
    ]
