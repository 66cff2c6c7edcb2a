"""A firm's own families of addresses: added, changed, put in order, removed. Acts; the
caller commits.

The word of a family never changes: people know the addresses that are made of it. The
addresses of a removed one stay written down; what comes there waits for a person.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select

from app.activity.recording import record
from app.collection.addresses import settle_all
from app.collection.families import STANDARD, Family, families_of, rows_of
from app.collection.family_rules import checked, checked_prefix
from app.collection.models import CollectionAddress, InboundMail, MailFamily
from app.companies.models import Company
from app.db import database_now, db
from app.errors import Refused
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _

LATELY = timedelta(days=90)
MOST = 20


@dataclass(frozen=True)
class Use:
    """What would end with a family: an address of so many companies, and the mails
    that came there lately."""

    family: Family
    companies: int
    mails: int


def add(typed: Mapping[str, str], *, by: Person) -> Family:
    rows = _own_rows(by)
    if len(rows) >= MOST:
        raise Refused(_("%(most)s families at most.", most=MOST), "prefix")
    known = {row.prefix for row in rows}
    prefix = checked_prefix(typed.get("prefix", ""), _firm(by), known)
    family = _checked(prefix, typed)
    _refuse_name(family, rows)
    db.session.add(_row(_firm(by), family, len(rows)))
    _note("mail_family_added", family, by)
    return family


def change(prefix: str, typed: Mapping[str, str], *, by: Person) -> None:
    rows = _own_rows(by)
    row = _of(prefix, rows)
    family = _checked(prefix, typed)
    _refuse_name(family, [other for other in rows if other is not row])
    before = [row.name, row.folder_kind, row.policy]
    row.name, row.folder_kind, row.policy = (
        family.name,
        family.folder_kind,
        family.policy,
    )
    if before != [row.name, row.folder_kind, row.policy]:
        _note("mail_family_changed", family, by, before=before)


def move(prefix: str, by_one: int, *, by: Person) -> None:
    rows = _own_rows(by)
    at = rows.index(_of(prefix, rows))
    to = min(max(at + by_one, 0), len(rows) - 1)
    rows.insert(to, rows.pop(at))
    for position, row in enumerate(rows):
        row.position = position
    record(
        "mail_families_ordered",
        firm_id=_firm(by),
        actor_id=by.id,
        firm_only=True,
        order=[row.prefix for row in rows],
    )


def remove(prefix: str, *, by: Person) -> None:
    rows = _own_rows(by)
    row = _of(prefix, rows)
    if len(rows) == 1:
        raise Refused(_("One family has to be left."))
    [use] = uses(_firm(by), [_family(row)])
    settle_all(_firm(by), use.family)
    db.session.delete(row)
    _note(
        "mail_family_removed",
        use.family,
        by,
        companies=use.companies,
        mails=use.mails,
    )


def to_standard(*, by: Person) -> None:
    firm_id = _firm(by)
    lock_company(firm_id, exclusive=True)
    gone = uses(firm_id, not_standard(firm_id))
    for use in gone:
        settle_all(firm_id, use.family)
    db.session.execute(delete(MailFamily).where(MailFamily.firm_id == firm_id))
    record(
        "mail_families_standard",
        firm_id=firm_id,
        actor_id=by.id,
        firm_only=True,
        removed={use.family.prefix: [use.companies, use.mails] for use in gone},
    )


def not_standard(firm_id: uuid.UUID) -> list[Family]:
    """Those of the firm that there would not be any more."""
    known = {family.prefix for family in STANDARD}
    return [f for f in families_of(firm_id) if f.prefix not in known]


def uses(firm_id: uuid.UUID, families: Iterable[Family]) -> list[Use]:
    address = CollectionAddress
    companies = db.session.scalar(
        select(func.count(Company.id)).where(
            Company.firm_id == firm_id, Company.archived_at.is_(None)
        )
    )
    mails = (
        select(address.family, func.count())
        .join(InboundMail, InboundMail.address_id == address.id)
        .where(
            address.firm_id == firm_id,
            InboundMail.received_at > database_now() - LATELY,
        )
    )
    came = {
        row[0]: row[1] for row in db.session.execute(mails.group_by(address.family))
    }
    return [Use(f, companies or 0, came.get(f.prefix, 0)) for f in families]


def _own_rows(by: Person) -> list[MailFamily]:
    """The firm's rows, to be changed by one at a time; the standard families become its
    own at the first change."""
    firm_id = _firm(by)
    lock_company(firm_id, exclusive=True)
    if rows := rows_of(firm_id):
        return rows
    rows = [_row(firm_id, family, at) for at, family in enumerate(STANDARD)]
    db.session.add_all(rows)
    db.session.flush()
    return rows


def _firm(by: Person) -> uuid.UUID:
    assert by.firm_id  # noqa: S101 - administrators of a firm only
    return by.firm_id


def _row(firm_id: uuid.UUID, family: Family, position: int) -> MailFamily:
    return MailFamily(
        firm_id=firm_id,
        prefix=family.prefix,
        name=family.name,
        folder_kind=family.folder_kind,
        policy=family.policy,
        position=position,
    )


def _family(row: MailFamily) -> Family:
    return Family(row.prefix, row.name, row.folder_kind, row.policy)


def _of(prefix: str, rows: list[MailFamily]) -> MailFamily:
    found = next((row for row in rows if row.prefix == prefix), None)
    if found is None:
        raise Refused(_("This family is no longer there."))
    return found


def _checked(prefix: str, typed: Mapping[str, str]) -> Family:
    return checked(
        prefix,
        typed.get("name", ""),
        typed.get("folder_kind", ""),
        typed.get("policy", ""),
    )


def _refuse_name(family: Family, others: Iterable[MailFamily]) -> None:
    if any(row.name.casefold() == family.name.casefold() for row in others):
        raise Refused(_("Another family is called so."), "name")


def _note(verb: str, family: Family, by: Person, **details: Any) -> None:
    record(
        verb,
        firm_id=_firm(by),
        actor_id=by.id,
        firm_only=True,
        prefix=family.prefix,
        name=family.name,
        folder_kind=family.folder_kind,
        policy=family.policy,
        **details,
    )
