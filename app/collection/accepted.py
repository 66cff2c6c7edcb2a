"""Senders that a company takes from now on: one address, or a whole domain."""

from app.activity.recording import record
from app.collection.domains import is_ours
from app.collection.models import AcceptedSender, InboundMail
from app.companies.models import Company
from app.db import db, insert_into, new_id
from app.mailroom.links import site_of
from app.people.models import Person

# Whose domain says nothing of who writes: everybody may have an address there.
SHARED = {
    *("aol", "bbox", "bluewin", "club-internet", "free", "gmail", "gmx", "googlemail"),
    *("hotmail", "icloud", "laposte", "libertysurf", "live", "mac", "me", "msn"),
    *("neuf", "numericable", "orange", "outlook", "proton", "protonmail", "sfr"),
    *("aliceadsl", "fastmail", "hey", "mail", "tutanota", "voila", "wanadoo"),
    *("yahoo", "yandex", "ymail", "yopmail", "zoho"),
}


def pattern_for(mail: InboundMail) -> str:
    """What «always accept» would take: the whole domain where that stands for the mail
    and is somebody's own, else the address alone. Nothing where it is forged."""
    address = mail.from_address
    name, _sign, domain = address.rpartition("@")
    if mail.verdict == "fail" or not name or not domain or is_ours(domain):
        return ""
    is_domain = mail.verdict == "pass" and not is_of_everybody(domain)
    return f"@{domain}" if is_domain else address


def is_of_everybody(domain: str) -> bool:
    return site_of(domain).split(".")[0] in SHARED


def is_offered(mail: InboundMail) -> bool:
    """Chosen from the start: only where the domain stands for its mail."""
    return mail.verdict == "pass" and mail.reason == "unknown_sender"


def accept_always(company: Company, pattern: str, *, by: Person) -> None:
    """Again changes nothing: who accepted it first stays."""
    row = {
        "id": new_id(),
        "firm_id": company.firm_id,
        "company_id": company.id,
        "pattern": pattern[:254],
        "accepted_by_id": by.id,
    }
    made = db.session.execute(
        insert_into(AcceptedSender)
        .values(**row)
        .on_conflict_do_nothing()
        .returning(AcceptedSender.id)
    )
    if made.first():
        record(
            "sender_accepted",
            firm_id=company.firm_id,
            company_id=company.id,
            actor_id=by.id,
            firm_only=True,
            pattern=pattern,
        )
