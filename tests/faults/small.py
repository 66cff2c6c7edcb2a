"""A small world, quick to make anew: two firms, three companies of six folders each,
two tools for each company."""

import uuid
from dataclasses import dataclass, field

import sqlalchemy as sa

from app.companies.models import Company
from app.companies.opening import open_company
from app.connectors import apps, connecting
from app.connectors.models import Connection
from app.db import Base, db
from app.firms.models import Firm
from app.library.models import Folder
from app.people.models import Membership, Person
from app.people.passwords import hash_password
from tests.cast import PASSWORD

TOOLS = ("quickbooks", "dext")
# Each folder's parent, by their places in the list.
ABOVE = (None, 0, 1, 1, 0, None)
_HASH = hash_password(PASSWORD)


@dataclass
class Place:
    """A company, its six folders, and who acts in it."""

    company: Company
    admin: Person
    client: Person
    folders: list[Folder] = field(default_factory=list)

    def connect(self, key: str, address: str = "") -> Connection:
        """Authorised, with an address for each slot; not committed."""
        app = apps.get(key)
        typed = {
            slot.key: f"{slot.key}.{address or self.company.slug}@tool.test"
            for slot in app.slots
        }
        connecting.adopt(self.company.firm_id, app, by=self.admin)
        connecting.connect(self.company, app, typed, by=self.admin)
        return self.connection(key)

    def connection(self, key: str) -> Connection:
        found = connecting.connection_of(self.company, key)
        assert found, key
        return found


def empty() -> None:
    """As TRUNCATE does, and quicker where little is there."""
    db.session.remove()
    with db.engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(sa.delete(table))


def make_small() -> list[Place]:
    """Three places: two of the firm Alder, one of Birch; committed."""
    places = [
        place
        for slug, names in (("alder", ("Dune", "Elm")), ("birch", ("Fern",)))
        for place in _firm(slug, names)
    ]
    db.session.commit()
    return places


def _firm(slug: str, names: tuple[str, ...]) -> list[Place]:
    firm = Firm(slug=slug, name=f"Cabinet {slug.title()}", brand_colour="#14533f")
    db.session.add(firm)
    db.session.flush()
    admin = _person(firm, f"ada@{slug}.test", "Ada Martin", "firm_admin")
    client = _person(firm, f"dora@{slug}.test", "Dora Dune", "client")
    places = []
    for name in names:
        company = open_company(firm, name)
        place = Place(company, admin, client)
        for number, above in enumerate(ABOVE):
            parent = None if above is None else place.folders[above].id
            place.folders.append(_folder(company, number, parent))
        db.session.add(
            Membership(
                firm_id=firm.id,
                person_id=client.id,
                company_id=company.id,
                role="company_manager",
            )
        )
        places.append(place)
    return places


def _folder(company: Company, number: int, parent_id: uuid.UUID | None) -> Folder:
    folder = Folder(
        firm_id=company.firm_id,
        company_id=company.id,
        name=f"Dossier {number}",
        position=number,
        parent_id=parent_id,
    )
    db.session.add(folder)
    db.session.flush()
    return folder


def _person(firm: Firm, email: str, name: str, role: str) -> Person:
    person = Person(
        firm_id=firm.id, email=email, name=name, role=role, password_hash=_HASH
    )
    db.session.add(person)
    db.session.flush()
    return person
