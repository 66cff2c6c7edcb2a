"""Who wrote, and whether what they wrote may be filed without a person's look."""

from app.collection import senders
from app.collection.authentication import verdict_on
from app.collection.heads import Author, Head, author_of
from app.collection.models import InboundMail
from app.collection.policies import why_not
from app.collection.reading import Reading
from app.collection.sender import Sender
from app.companies.models import Company
from app.db import db
from app.mailroom.reading import Letter
from app.people.models import Person
from app.texts import gettext as _

__all__ = ["Sender", "judge", "stranger", "why_not"]


def judge(mail: InboundMail, head: Head, message: Reading) -> Sender:
    """Asks the net: no transaction is open."""
    letter = message.letter
    author = author_of(head)
    if mail.company_id is None:
        return _of_no_company(mail, head, author, message)
    found = verdict_on(mail, head, author, message.source)
    company = mail.company
    if company is None:
        return stranger(letter)
    is_proven = found.verdict == "pass"
    person = senders.person_at(author.address, company)
    if person and is_proven:
        name = _name_of(person, message, company)
    elif person:
        name = _("%(address)s (not verified)", address=author.address)
    else:
        name = senders.shown_name(letter.from_name, author.address, company)
    return Sender(
        person=person if is_proven else None,
        name=name,
        address=author.address,
        verdict=found.verdict,
        verdict_text=found.text,
        is_accepted=senders.is_accepted(author.address, company, is_proven=is_proven),
        claimed=None if is_proven else person,
    )


def stranger(letter: Letter) -> Sender:
    """Where it is nobody's to ask who wrote."""
    return Sender(name=letter.from_address or _("unknown sender"))


def _of_no_company(
    mail: InboundMail, head: Head, author: Author, message: Reading
) -> Sender:
    """Where one firm alone knows who has that address, the mail is its to look at,
    unless the domain disowns it."""
    firm_id = mail.firm_id or senders.firm_that_knows(author.address)
    db.session.commit()  # no transaction while the net is asked
    if firm_id is None:
        return stranger(message.letter)
    found = verdict_on(mail, head, author, message.source)
    return Sender(
        name=stranger(message.letter).name,
        address=author.address,
        verdict=found.verdict,
        verdict_text=found.text,
        firm_id=firm_id if found.verdict != "fail" else None,
    )


def _name_of(person: Person, message: Reading, company: Company) -> str:
    if not person.is_firm_side:
        return person.name
    raw, text = message.beginning(senders.MOST_READ), message.letter.text
    return senders.name_for(person, raw, text, company)
