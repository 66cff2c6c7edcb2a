"""The senders that a company takes mail from though they are nobody it knows: one
address, or a whole domain (`@fournitures.example`). Acts; the caller commits.
"""

import uuid
from collections.abc import Iterable

from sqlalchemy import select

from app.activity.recording import record
from app.collection.models import AcceptedSender
from app.collection.sender_patterns import checked
from app.companies.models import Company
from app.companies.slugs import look_of
from app.db import db
from app.errors import Refused
from app.locks import lock_company
from app.people.models import Membership, Person
from app.texts import gettext as _

MOST = 500


class LooksLike(Refused):
    """It may be another one's: a person has to say that it is meant."""

    def __init__(self, pattern: str, known: str) -> None:
        super().__init__(
            _(
                "“%(pattern)s” looks like “%(known)s”, which is known here: look at it "
                "letter by letter.",
                pattern=pattern,
                known=known,
            ),
            "sure",
        )
        self.known = known


def of(company: Company) -> list[AcceptedSender]:
    return list(
        db.session.scalars(
            select(AcceptedSender)
            .where(AcceptedSender.company_id == company.id)
            .order_by(AcceptedSender.pattern)
        )
    )


def accept(
    company: Company, typed: str, *, by: Person, is_sure: bool = False
) -> AcceptedSender:
    """Flushed. Raises Refused, at `pattern`; LooksLike, unless the person is sure;
    IntegrityError when somebody was quicker with the same."""
    pattern = checked(typed)
    lock_company(company.id, exclusive=True)
    check(company, pattern, is_sure=is_sure)
    sender = AcceptedSender(
        firm_id=company.firm_id,
        company_id=company.id,
        pattern=pattern,
        accepted_by_id=by.id,
    )
    db.session.add(sender)
    db.session.flush()
    _note("sender_accepted", company, pattern, by)
    return sender


def check(company: Company, pattern: str, *, is_sure: bool = False) -> None:
    """Whether it can be accepted now. Raises as `accept` does, and writes nothing."""
    known = [sender.pattern for sender in of(company)]
    if pattern in known:
        raise Refused(
            _("“%(pattern)s” is accepted already.", pattern=pattern), "pattern"
        )
    if len(known) >= MOST:
        raise Refused(_("%(most)s senders at most.", most=MOST), "pattern")
    like = _like(pattern, [*known, *_addresses_of_people(company)])
    if like and not is_sure:
        raise LooksLike(pattern, like)


def forget(company: Company, sender: AcceptedSender, *, by: Person) -> None:
    _note("sender_forgotten", company, sender.pattern, by)
    db.session.delete(sender)


def _like(pattern: str, known: Iterable[str]) -> str:
    """One whose domain looks the same and is another, or that looks the same whole."""
    name, _sign, domain = pattern.rpartition("@")
    for other in known:
        its_name, _sign, its_domain = other.rpartition("@")
        if domain != its_domain:
            if _look(domain) == _look(its_domain):
                return other
        elif name != its_name and name and look_of(name) == look_of(its_name):
            return other
    return ""


def _look(domain: str) -> str:
    return look_of(domain).replace(".", "")


def _addresses_of_people(company: Company) -> list[str]:
    """Of the company and of its firm."""
    members = select(Membership.person_id).where(Membership.company_id == company.id)
    return list(
        db.session.scalars(
            select(Person.email).where(
                Person.firm_id == company.firm_id,
                Person.id.in_(members) | Person.role.in_(("firm_admin", "staff")),
            )
        )
    )


def _note(verb: str, company: Company, pattern: str, by: Person) -> None:
    record(
        verb,
        firm_id=company.firm_id,
        company_id=company.id,
        actor_id=by.id,
        firm_only=True,
        pattern=pattern,
    )


def find(company: Company, sender_id: uuid.UUID) -> AcceptedSender | None:
    return db.session.scalar(
        select(AcceptedSender).where(
            AcceptedSender.id == sender_id, AcceptedSender.company_id == company.id
        )
    )
