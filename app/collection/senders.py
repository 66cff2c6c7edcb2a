"""Who a sender is to a company: one of its people, one of the firm's, somebody accepted
before; and by which name others are shown them, so that nobody passes for another."""

import re
import unicodedata
import uuid
from email.message import Message

from sqlalchemy import or_, select

from app.collection.heads import author_of, head_of
from app.collection.models import AcceptedSender
from app.companies.followers import may_enter
from app.companies.models import Company
from app.db import db
from app.firms.models import Firm
from app.folding import words
from app.mailroom.opening.splitting import split
from app.mailroom.parts import messages_in, type_of, walk
from app.people.models import Membership, Person
from app.texts import gettext as _

EVERYWHERE = {"across_firms": True}
MOST_READ = 2_000_000  # bytes
LOOKED_AT = 20_000  # characters of a text
# Signs that pass for others.
_ALIKE = str.maketrans("0135|i", "olesll")
_FORWARDED = re.compile(
    r"^[>\s*]{0,20}(?:De|From|Von|Da)\s{0,3}:\**[^\n]{0,200}?"
    r"([\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,253})",
    re.MULTILINE | re.IGNORECASE | re.ASCII,
)


def person_at(address: str, company: Company) -> Person | None:
    """Who has that address and may enter the company; whoever may not is a stranger."""
    if not address:
        return None
    person = db.session.scalar(
        select(Person)
        .where(
            Person.firm_id == company.firm_id,
            Person.email == address,
            Person.disabled_at.is_(None),
        )
        .execution_options(**EVERYWHERE)
    )
    return person if person and may_enter(person, company) else None


def is_accepted(address: str, company: Company, *, is_proven: bool) -> bool:
    """By its address, or by its whole domain; by the domain only if that is proven, for
    then nobody looked at this very address."""
    if not address:
        return False
    patterns = [address]
    if is_proven:
        patterns.append(f"@{address.rpartition('@')[2]}")
    return bool(
        db.session.scalar(
            select(AcceptedSender.id)
            .where(
                AcceptedSender.company_id == company.id,
                AcceptedSender.pattern.in_(patterns),
            )
            .limit(1)
            .execution_options(**EVERYWHERE)
        )
    )


def firm_that_knows(address: str) -> uuid.UUID | None:
    """The one where somebody has that address, the firm's or a client's, or where it is
    accepted; None where several do."""
    if not address:
        return None
    people = select(Person.firm_id).where(
        Person.email == address,
        Person.firm_id.is_not(None),
        Person.disabled_at.is_(None),
    )
    accepted = select(AcceptedSender.firm_id).where(AcceptedSender.pattern == address)
    found = db.session.scalars(
        people.union(accepted).limit(2), execution_options=EVERYWHERE
    ).all()
    return found[0] if len(found) == 1 else None


def shown_name(name: str, address: str, company: Company) -> str:
    """The name that a stranger gives, or the address where the name says another one,
    is in signs that pass for ours, or is like that of the house's people."""
    if not address:
        return _("unknown sender")
    is_odd = "@" in name or not all(_is_latin(c) for c in name if c.isalpha())
    if not name or is_odd or _is_like_one_of_ours(name, company):
        return address
    return name


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN ")


def _is_like_one_of_ours(name: str, company: Company) -> bool:
    said = _skeleton(name)
    return any(len(ours) > 1 and ours <= said for ours in _names_of(company))


def _names_of(company: Company) -> list[set[str]]:
    members = select(Membership.person_id).where(Membership.company_id == company.id)
    of_house = or_(Person.role.in_(("firm_admin", "staff")), Person.id.in_(members))
    people = db.session.scalars(
        select(Person.name)
        .where(Person.firm_id == company.firm_id, of_house)
        .execution_options(**EVERYWHERE)
    )
    firm = db.session.get_one(Firm, company.firm_id)
    return [_skeleton(name) for name in (*people, firm.name, company.name)]


def _skeleton(name: str) -> set[str]:
    """Its words, as somebody in a hurry reads them."""
    alike = (word.translate(_ALIKE) for word in words(name))
    return {word.replace("rn", "m").replace("vv", "w") for word in alike}


def name_for(staff: Person, raw: bytes, text: str, company: Company) -> str:
    """«Ben Petit pour Dora Dune» for what staff pass on of somebody of the company:
    what staff forward is believed, for they are. `raw`: MOST_READ of the message."""
    for address in _passed_on(raw, text):
        client = person_at(address, company)
        if client and client.is_client:
            return _("%(staff)s for %(client)s", staff=staff.name, client=client.name)
    return staff.name


def _passed_on(raw: bytes, text: str) -> list[str]:
    """Who wrote the messages that are in it: attached ones, else the one quoted."""
    attached = [
        author_of(head_of(_head(inner))).address
        for part in walk(split(raw).root.message)
        if type_of(part) == "message/rfc822"
        for inner in messages_in(part)
    ]
    if attached:
        return attached[:5]
    # «De :» has a space of another kind before its colon, as French is written.
    quoted = _FORWARDED.search(re.sub(r"[^\S\n]", " ", text[:LOOKED_AT]))
    return [quoted[1].lower()] if quoted else []


def _head(message: Message) -> bytes:
    """Its From lines as they were."""
    lines = (f"{name}: {value}" for name, value in message.raw_items())
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n"
