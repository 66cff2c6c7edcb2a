"""What is decided about one address of a company: who may write to it, the folder that
it leads to, another one in its place. Acts; the caller commits.
"""

import secrets
import string
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.activity.recording import record
from app.collection import addresses
from app.collection.families import Family
from app.collection.models import POLICIES, CollectionAddress
from app.companies.models import Company
from app.companies.slugs import checked_slug
from app.companies.years import months_later
from app.connectors import bots
from app.connectors.bots import SEPARATORS
from app.db import database_now, db
from app.errors import Refused
from app.firms.models import Firm
from app.library.models import Folder
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _

# For how long the former one goes on, in months.
OVERLAPS = (0, 3, 6, 12)
LONGEST_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1
LETTERS = 4


def suggestion(company: Company) -> str:
    """A word that nobody guesses from the company's name."""
    ending = "".join(secrets.choice(string.ascii_lowercase) for _n in range(LETTERS))
    return f"{company.slug[:45].strip('-')}-{ending}"


def set_policy(company: Company, family: Family, policy: str, *, by: Person) -> None:
    """Empty: as the family has it. For the former addresses of the family too."""
    if policy and policy not in POLICIES:
        raise Refused(_("Choose who may write to it."), "policy")
    lock_company(company.id, exclusive=True)
    row = addresses.settle(company, family)
    if row.policy == (policy or None):
        return
    before = row.policy
    for each in of_family(company, family.prefix):
        each.policy = policy or None
    _note("address_policy_changed", row, by, before=before, policy=row.policy)


def set_folder(
    company: Company, family: Family, folder: Folder | None, *, by: Person
) -> None:
    """None: as the family has it. For the former addresses of the family too."""
    if folder is not None and folder.company_id != company.id:
        raise ValueError("a folder of another company")
    lock_company(company.id, exclusive=True)
    row = addresses.settle(company, family)
    folder_id = folder.id if folder else None
    if row.folder_id == folder_id:
        return
    before = row.folder_id
    for each in of_family(company, family.prefix):
        each.folder_id = folder_id
    _note(
        "address_folder_changed",
        row,
        by,
        before=str(before) if before else None,
        folder=str(folder_id) if folder_id else None,
    )


def of_family(company: Company, prefix: str) -> list[CollectionAddress]:
    """The address of now and the former ones."""
    return list(
        db.session.scalars(
            select(CollectionAddress).where(
                CollectionAddress.company_id == company.id,
                CollectionAddress.family == prefix,
            )
        )
    )


def replace(
    company: Company,
    family: Family,
    word: str,
    sign: str,
    months: int | None,
    *,
    by: Person,
) -> CollectionAddress:
    """The new address; the former one goes on for so many months (None: for ever).

    Raises Refused at `word`, `sign` or `months`; IntegrityError when somebody was
    quicker with that address.
    """
    if sign not in SEPARATORS:
        raise Refused(_("Choose the sign in the address."), "sign")
    _check_months(months)
    lock_company(company.id, exclusive=True)
    old = _now(company, family)
    address = _free(company, family, word, sign, old)
    if old is not None:
        old.replaced_at = now = database_now()
        old.works_until = _end(now, months)
        db.session.flush()
    row = _again(company, address) or CollectionAddress(
        firm_id=company.firm_id,
        company_id=company.id,
        address=address,
        family=family.prefix,
    )
    row.replaced_at = row.works_until = None
    if old is not None:
        row.policy, row.folder_id = old.policy, old.folder_id
    db.session.add(row)
    db.session.flush()
    until = old.works_until if old else None
    _note(
        "address_replaced",
        row,
        by,
        before=old.address if old else None,
        works_until=until.isoformat() if until else None,
    )
    return row


def set_end(row: CollectionAddress, months: int | None, *, by: Person) -> None:
    """Of a former address: it works for so many months from now, or for ever."""
    _check_months(months)
    lock_company(row.company_id, exclusive=True)
    db.session.refresh(row)
    if row.replaced_at is None:
        raise Refused(_("This is the address of now: replace it first."))
    before, row.works_until = row.works_until, _end(database_now(), months)
    _note(
        "address_end_changed",
        row,
        by,
        before=before.isoformat() if before else None,
        works_until=row.works_until.isoformat() if row.works_until else None,
    )


def _check_months(months: int | None) -> None:
    if months is not None and months not in OVERLAPS:
        raise Refused(_("Choose how long the former one goes on."), "months")


def _end(now: datetime, months: int | None) -> datetime | None:
    if months is None:
        return None
    return datetime.combine(months_later(now.date(), months), now.timetz())


def _now(company: Company, family: Family) -> CollectionAddress | None:
    """The address that is replaced; None where somebody else has it."""
    try:
        return addresses.settle(company, family)
    except Refused:
        return None


def _free(
    company: Company,
    family: Family,
    typed: str,
    sign: str,
    old: CollectionAddress | None,
) -> str:
    """The address, if it can be the company's. Raises Refused."""
    firm = db.session.get_one(Firm, company.firm_id)
    try:
        word = checked_slug(firm, typed, but=company)
    except Refused as refusal:
        raise Refused(refusal.message, "word") from None
    address = addresses.written(company, family, sign, word)
    if len(address.rpartition("@")[0]) > LONGEST_LOCAL_PART:
        raise Refused(_("This address is too long."), "word")
    if old and old.address == address:
        raise Refused(_("This is its address already."), "word")
    if bots.at(address) or _others(company, address):
        raise Refused(
            _("The address %(address)s is taken. Choose another one.", address=address),
            "word",
        )
    return address


def _others(company: Company, address: str) -> bool:
    there = addresses.collector(address)
    return there is not None and there.company_id != company.id


def _again(company: Company, address: str) -> CollectionAddress | None:
    """A former one of the company's that comes back."""
    return db.session.scalar(
        select(CollectionAddress).where(
            CollectionAddress.address == address,
            CollectionAddress.company_id == company.id,
        )
    )


def former(company: Company) -> list[CollectionAddress]:
    """The last replaced first."""
    return list(
        db.session.scalars(
            select(CollectionAddress)
            .where(
                CollectionAddress.company_id == company.id,
                CollectionAddress.replaced_at.is_not(None),
            )
            .order_by(CollectionAddress.replaced_at.desc(), CollectionAddress.address)
        )
    )


def months_from(typed: str) -> int | None:
    """«always» is None. Raises Refused."""
    if typed == "always":
        return None
    if typed not in {str(months) for months in OVERLAPS}:
        raise Refused(_("Choose how long the former one goes on."), "months")
    return int(typed)


def _note(verb: str, row: CollectionAddress, by: Person, **details: Any) -> None:
    record(
        verb,
        firm_id=row.firm_id,
        company_id=row.company_id,
        actor_id=by.id,
        firm_only=True,
        address=row.address,
        **details,
    )
