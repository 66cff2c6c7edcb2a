"""The senders that a company takes mail from though they are nobody it knows: one
address, or a whole domain (`@fournitures.example`). Acts; the caller commits.
"""

import re
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import select

from app.activity.recording import record
from app.collection.accepted import is_of_everybody
from app.collection.models import AcceptedSender
from app.collection.own import is_own
from app.companies.models import Company
from app.companies.slugs import look_of
from app.db import db, lock_company
from app.errors import Refused
from app.people.models import Membership, Person
from app.texts import gettext as _

LONGEST, LONGEST_NAME = 254, 64  # RFC 5321, 4.5.3.1
MOST = 500
_NAME = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(
    r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z]"
)


@dataclass(frozen=True)
class LooksLike(Exception):
    """It may be another one's: a person has to say that it is meant."""

    pattern: str
    known: str

    @property
    def message(self) -> str:
        return _(
            "“%(pattern)s” looks like “%(known)s”, which is known here: look at it "
            "letter by letter.",
            pattern=self.pattern,
            known=self.known,
        )


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
    """Flushed. Raises Refused, at `pattern`; LooksLike unless the person is sure;
    IntegrityError when somebody was quicker with the same."""
    pattern = checked(typed)
    lock_company(company.id, exclusive=True)
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


def forget(company: Company, sender: AcceptedSender, *, by: Person) -> None:
    _note("sender_forgotten", company, sender.pattern, by)
    db.session.delete(sender)


def checked(typed: str) -> str:
    """As it is kept, in small letters. Raises Refused."""
    pattern = typed.strip().strip("<>").lower()
    name, sign, domain = pattern.rpartition("@")
    if not pattern:
        raise Refused(_("Type an address, or @ and a domain."), "pattern")
    if not pattern.isascii():
        raise Refused(
            _("One letter of it only looks like another one: type it anew."),
            "pattern",
        )
    is_address = not name or (_NAME.fullmatch(name) and len(name) <= LONGEST_NAME)
    if not sign or not is_address or not _is_domain(domain) or len(pattern) > LONGEST:
        raise Refused(
            _(
                "This is neither an address nor a domain. For example: "
                "compta@fournitures.fr, or @fournitures.fr for everybody there."
            ),
            "pattern",
        )
    if not name and is_of_everybody(domain):
        raise Refused(
            _(
                "Anybody can have an address at %(domain)s: accept the whole address.",
                domain=domain,
            ),
            "pattern",
        )
    if is_own(pattern) or domain == current_app.config["MAIL_DOMAIN"]:
        raise Refused(
            _(
                "“%(pattern)s” is ours: what comes from there goes round.",
                pattern=pattern,
            ),
            "pattern",
        )
    return pattern


def is_accepted(address: str, patterns: Collection[str]) -> bool:
    """Whether the address, or its whole domain, is among them."""
    address = address.strip().lower()
    return address in patterns or f"@{address.rpartition('@')[2]}" in patterns


def _is_domain(domain: str) -> bool:
    return len(domain) <= 253 and bool(_DOMAIN.fullmatch(domain))


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
