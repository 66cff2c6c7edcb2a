"""Who may write to an address without a person's look (`models.POLICIES`).

open: anybody, save whoever gives out to be of a domain that disowns the message.
known: people of the company and of the firm, and those accepted. list: only those.
Whoever is known by an address that nothing proves waits: it is easily written.
"""

from app.collection.addresses import has_ended
from app.collection.families import family_of
from app.collection.models import InboundMail
from app.collection.sender import Sender


def why_not(mail: InboundMail, sender: Sender) -> str:
    """Why a person has to look at it first; nothing when it may be filed."""
    if mail.address is None or mail.company is None:
        return "unknown_address"
    if mail.company.archived_at:
        return "archived"
    family = family_of(mail.company.firm_id, mail.address.family)
    if family is None or has_ended(mail.address, family, mail.received_at):
        return "address_ended"
    if sender.verdict == "fail":
        return "spoofed"
    policy = mail.address.policy or family.policy
    is_welcome = sender.is_accepted or (policy == "known" and sender.person)
    if policy == "open" or is_welcome:
        return ""
    if policy == "known" and sender.claimed:
        return "not_proven"
    return "unknown_sender"
