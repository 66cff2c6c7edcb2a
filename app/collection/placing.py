"""Where a person may file a mail: the companies that they may enter, the folders of the
one that is chosen, and what a switch will send on from there."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.collection import places
from app.collection.models import InboundMail
from app.collection.nearest import Nearest
from app.companies.finding import companies_and_roles
from app.companies.models import Company
from app.connectors import apps
from app.db import db, id_from, utc_now
from app.delivery.clock import next_slot
from app.delivery.planning import effective_switches
from app.library.models import Folder
from app.people.models import Membership, Person


@dataclass(frozen=True)
class Way:
    id: uuid.UUID
    name: str  # «Exercice 2026 › Achats › 11 – Novembre»


@dataclass(frozen=True)
class Choosing:
    companies: list[Company]
    company: Company | None
    folders: list[Way]
    folder_id: uuid.UUID | None
    # Names of the applications that what is filed there leaves for, and when.
    leaves_for: list[str]
    leaves_at: datetime

    @property
    def slug(self) -> str:
        return self.company.slug if self.company else ""


def choosing(
    mail: InboundMail, nearest: Nearest | None, *, slug: str = "", folder: str = ""
) -> Choosing:
    """As the person chose; where they did not yet, as the mail's address says."""
    companies = [c for c, _role in companies_and_roles() if not c.archived_at]
    company = next((c for c in companies if c.slug == slug), None)
    company = company or _meant(mail, nearest, companies)
    folders = _folders(company) if company else []
    wanted = id_from(folder)
    if company and wanted not in {way.id for way in folders}:
        wanted = _usual(mail, nearest, company)
    return Choosing(
        companies=companies,
        company=company,
        folders=folders,
        folder_id=wanted if company else None,
        leaves_for=_leaves_for(wanted) if company and wanted else [],
        leaves_at=next_slot(utc_now()),
    )


def inbox_of(company: Company, mail: InboundMail) -> Folder | None:
    return places.by_kind(company, places.INBOX, places.day_of(mail.received_at))


def _meant(
    mail: InboundMail, nearest: Nearest | None, companies: Sequence[Company]
) -> Company | None:
    """Its own; the one whose address is nearly as written; else the sender's only
    one."""
    ids = [mail.company_id, nearest.company.id if nearest else None, _sender_s(mail)]
    by_id = {company.id: company for company in companies}
    return next((by_id[i] for i in ids if i in by_id), None)


def _sender_s(mail: InboundMail) -> uuid.UUID | None:
    person = db.session.get(Person, mail.depositor_id) if mail.depositor_id else None
    if person is None or not person.is_client:
        return None
    found = db.session.scalars(
        select(Membership.company_id).where(Membership.person_id == person.id).limit(2)
    ).all()
    return found[0] if len(found) == 1 else None


def _usual(
    mail: InboundMail, nearest: Nearest | None, company: Company
) -> uuid.UUID | None:
    found, day = None, places.day_of(mail.received_at)
    if mail.address and mail.address.company_id == company.id:
        found = places.place_for(mail.address, day)
    elif nearest and nearest.company.id == company.id:
        found = places.by_kind(company, nearest.family.folder_kind, day)
    found = found or inbox_of(company, mail)
    return found.id if found else None


def _folders(company: Company) -> list[Way]:
    """All of them in the order of the tree."""
    below: dict[uuid.UUID | None, list[Folder]] = {}
    for folder in db.session.scalars(
        select(Folder)
        .where(Folder.company_id == company.id, Folder.trashed_at.is_(None))
        .order_by(Folder.position, Folder.name)
    ):
        below.setdefault(folder.parent_id, []).append(folder)
    return list(_ways(below, None, ()))


def _ways(
    below: dict[uuid.UUID | None, list[Folder]],
    parent_id: uuid.UUID | None,
    above: tuple[str, ...],
) -> Iterator[Way]:
    for folder in below.get(parent_id, []):
        # A year's own name is enough: what all the years lie in is left out.
        way = (*(above if folder.kind != "fiscal_year" else ()), folder.name)
        yield Way(folder.id, " › ".join(way))
        yield from _ways(below, folder.id, way)


def _leaves_for(folder_id: uuid.UUID) -> list[str]:
    keys = [
        setting.connection.app_key
        for setting in effective_switches(folder_id)
        if setting.is_on and setting.connection.is_authorised
    ]
    found = (apps.find(key) for key in dict.fromkeys(keys))
    return [app.name for app in found if app]
