"""Whose mail it is: each company has an address per family, `compta+<slug>@<domain>`.

A row says it; one that there is not yet is made when it is first written to or shown.
By the envelope's address alone (domain and all), never by a header.
"""

from flask import current_app
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from app.collection.families import Family, families_of, family_of
from app.collection.models import CollectionAddress
from app.companies.models import Company
from app.connectors import bots
from app.db import database_now, db, utc_now

EVERYWHERE = {"across_firms": True}


def collector(address: str) -> CollectionAddress | None:
    """The row of that address; None where it is nobody's, or works no longer."""
    address = address.strip().lower()
    found = _at(address) or _derived(address)
    if found is None or (found.works_until and found.works_until <= database_now()):
        return None
    return found


def address_of(company: Company, family: Family) -> str:
    sign = current_app.config["ADDRESS_SEPARATOR"]
    return f"{family.prefix}{sign}{company.slug}@{company.mail_domain}".lower()


def own_all(company: Company) -> list[CollectionAddress]:
    """The company's addresses as they are now, in the order of the families; those
    that there were not are made. One that somebody else has is left out."""
    found = db.session.scalars(
        select(CollectionAddress).where(
            CollectionAddress.company_id == company.id,
            CollectionAddress.replaced_at.is_(None),
        )
    )
    known = {row.family: row for row in found}
    families = families_of(company.firm_id)
    rows = [known.get(f.prefix) or _own(company, f) for f in families]
    return [row for row in rows if row]


def _at(address: str) -> CollectionAddress | None:
    return db.session.scalar(
        select(CollectionAddress)
        .where(CollectionAddress.address == address)
        .execution_options(**EVERYWHERE)
    )


def _derived(address: str) -> CollectionAddress | None:
    """Made of what its words say: a family of the firm, and a slug of the company, or
    the one that it had."""
    local, _sign, domain = address.rpartition("@")
    for sign in dict.fromkeys((current_app.config["ADDRESS_SEPARATOR"], "+")):
        prefix, _sign, slug = local.partition(sign)
        if not slug:
            continue
        company = db.session.scalar(
            select(Company)
            .where(
                Company.mail_domain == domain,
                or_(Company.slug == slug, Company.former_slug == slug),
            )
            .execution_options(**EVERYWHERE)
        )
        family = family_of(company.firm_id, prefix) if company else None
        if company and family:
            is_current = slug == company.slug
            return _own(company, family, "" if is_current else address)
    return None


def _own(
    company: Company, family: Family, former: str = ""
) -> CollectionAddress | None:
    """The row, made in a transaction of its own within this one. `former`: the address
    under the slug that the company had, which goes on."""
    row = CollectionAddress(
        firm_id=company.firm_id,
        company_id=company.id,
        address=former or address_of(company, family),
        family=family.prefix,
        replaced_at=utc_now() if former else None,
    )
    if bots.at(row.address):
        return None
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        there = _at(row.address)
        return there if there and there.company_id == company.id else None
    return row
