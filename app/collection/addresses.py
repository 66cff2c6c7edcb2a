"""Whose mail it is: each company has an address per family, `compta+<slug>@<domain>`.

A row says it; one that there is not yet is made when it is first written to or changed.
By the envelope's address alone (domain and all), never by a header.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from app.collection.families import Family, families_of, family_of
from app.collection.models import CollectionAddress
from app.companies.models import Company
from app.connectors import bots
from app.connectors.models import Bot
from app.db import db, insert_into, new_id, utc_now
from app.errors import Refused
from app.texts import gettext as _

EVERYWHERE = {"across_firms": True}
A_BATCH = 500


def collector(address: str) -> CollectionAddress | None:
    """The row of that address; None where it is nobody's. Also of one that works no
    longer: whoever knows whose it was can ask them (`has_ended`)."""
    address = address.strip().lower()
    return _at(address) or _derived(address)


def is_one(address: str) -> bool:
    """Whether it is a collection address, of whomever; makes no row."""
    address = address.strip().lower()
    return _at(address) is not None or _meant(address) is not None


def has_ended(row: CollectionAddress, family: Family | None, at: datetime) -> bool:
    """Another one took its place and its time is over, or its family was removed."""
    is_over = row.works_until is not None and row.works_until <= at
    return is_over or family is None


def address_of(company: Company, family: Family) -> str:
    """As it is made by itself."""
    return written(company, family, current_app.config["ADDRESS_SEPARATOR"])


def written(company: Company, family: Family, sign: str, word: str = "") -> str:
    return f"{family.prefix}{sign}{word or company.slug}@{company.mail_domain}".lower()


@dataclass(frozen=True)
class Listed:
    """A company's address of one family as it is now. None where somebody else has
    the one that it would be: another one has to be chosen."""

    family: Family
    address: str | None
    row: CollectionAddress | None = None

    @property
    def policy(self) -> str:
        return (self.row.policy if self.row else None) or self.family.policy


def listed(company: Company) -> list[Listed]:
    """In the order of the families; makes no row."""
    found = db.session.scalars(
        select(CollectionAddress).where(
            CollectionAddress.company_id == company.id,
            CollectionAddress.replaced_at.is_(None),
        )
    )
    rows = {row.family: row for row in found}
    families = families_of(company.firm_id)
    made = {f.prefix: address_of(company, f) for f in families if f.prefix not in rows}
    taken = _taken(list(made.values()))
    shown = []
    for family in families:
        row, address = rows.get(family.prefix), made.get(family.prefix)
        free = None if address in taken else address
        shown.append(Listed(family, row.address if row else free, row))
    return shown


def _taken(addresses: list[str]) -> set[str]:
    """Of these, which have no row of this company, those of others and of bots."""
    if not addresses:
        return set()
    rows = select(CollectionAddress.address).where(
        CollectionAddress.address.in_(addresses)
    )
    of_bots = select(Bot.address).where(Bot.address.in_(addresses))
    both = rows.union(of_bots).execution_options(**EVERYWHERE)
    return set(db.session.scalars(both))


def settle(company: Company, family: Family) -> CollectionAddress:
    """The row of its address as it is now, made where there is none. Raises Refused
    when somebody else has the one that it would be."""
    row = current(company, family) or _own(company, family, address_of(company, family))
    if row is None:
        raise Refused(
            _(
                "The address %(address)s is taken. Choose another one.",
                address=address_of(company, family),
            ),
            "word",
        )
    return row


def current(company: Company, family: Family) -> CollectionAddress | None:
    return db.session.scalar(
        select(CollectionAddress)
        .where(
            CollectionAddress.company_id == company.id,
            CollectionAddress.family == family.prefix,
            CollectionAddress.replaced_at.is_(None),
        )
        .execution_options(**EVERYWHERE)
    )


def settle_all(firm_id: uuid.UUID, family: Family) -> None:
    """Write down what the firm's companies have been told, where it is not yet: of a
    family that ends, it must still be known whose its addresses were."""
    companies = db.session.scalars(select(Company).where(Company.firm_id == firm_id))
    rows = [
        {
            "id": new_id(),
            "firm_id": firm_id,
            "company_id": company.id,
            "address": address_of(company, family),
            "family": family.prefix,
            "created_at": utc_now(),
        }
        for company in companies
    ]
    for at in range(0, len(rows), A_BATCH):
        db.session.execute(
            insert_into(CollectionAddress)
            .values(rows[at : at + A_BATCH])
            .on_conflict_do_nothing()
        )


def follow_slug(company: Company) -> None:
    """Its slug was changed: addresses that were made of the former one go on, and give
    their place to those of the new one."""
    for family in families_of(company.firm_id):
        row, sign = current(company, family), current_app.config["ADDRESS_SEPARATOR"]
        was = written(company, family, sign, company.former_slug or "")
        if row is None or row.address != was:
            continue
        row.replaced_at = utc_now()
        db.session.flush()
        _own(company, family, address_of(company, family), like=row)


def _at(address: str) -> CollectionAddress | None:
    return db.session.scalar(
        select(CollectionAddress)
        .where(CollectionAddress.address == address)
        .execution_options(**EVERYWHERE)
    )


def _derived(address: str) -> CollectionAddress | None:
    meant = _meant(address)
    return _own(*meant, address) if meant else None


def _meant(address: str) -> tuple[Company, Family] | None:
    """What its words say: a family of the firm, and a slug of the company, or the one
    that it had. What may be read in two ways is nobody's: never a guess."""
    local, _sign, domain = address.rpartition("@")
    readings = dict(_readings(local[:100]))
    if not readings:
        return None
    slugs = list(readings)
    companies = db.session.scalars(
        select(Company)
        .where(
            Company.mail_domain == domain,
            or_(Company.slug.in_(slugs), Company.former_slug.in_(slugs)),
        )
        .execution_options(**EVERYWHERE)
    )
    found = [
        (company, family)
        for company in companies
        for slug in {company.slug, company.former_slug}
        if slug in readings
        and (family := family_of(company.firm_id, readings[slug])) is not None
    ]
    return found[0] if len(found) == 1 else None


def _readings(local: str) -> Iterator[tuple[str, str]]:
    """(slug, prefix) at each sign that may stand between them."""
    for sign in {current_app.config["ADDRESS_SEPARATOR"], "+"}:
        for at, letter in enumerate(local):
            if letter == sign and local[:at] and local[at + 1 :]:
                yield local[at + 1 :], local[:at]


def _own(
    company: Company,
    family: Family,
    address: str,
    like: CollectionAddress | None = None,
) -> CollectionAddress | None:
    """The row, made in a transaction of its own within this one. One that is not the
    company's address of now (under the slug that it had, say) goes on besides that.
    `like`: that whose folder and policy it has."""
    if bots.at(address):
        return None
    now = current(company, family)
    like = like or now
    is_current = now is None and address == address_of(company, family)
    row = CollectionAddress(
        firm_id=company.firm_id,
        company_id=company.id,
        address=address,
        family=family.prefix,
        folder_id=like.folder_id if like else None,
        policy=like.policy if like else None,
        replaced_at=None if is_current else utc_now(),
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        # Somebody was quicker: most often with the very same.
        there = _at(address)
        return there if there and there.company_id == company.id else None
    return row
