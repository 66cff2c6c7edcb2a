"""Who wrote, and whether what they wrote may be filed without a person's look."""

from dataclasses import dataclass

from app.collection.addresses import has_ended
from app.collection.families import family_of
from app.collection.models import InboundMail
from app.mailroom.reading import Letter
from app.people.models import Person
from app.texts import gettext as _


@dataclass(frozen=True)
class Sender:
    """`verdict`: whether the domain of From stands for it (pass, fail, none)."""

    person: Person | None = None
    name: str = ""
    verdict: str = "none"
    verdict_text: str = ""
    # A person of the company or of the firm, or accepted before.
    is_known: bool = False


def judge(mail: InboundMail, letter: Letter) -> Sender:
    return Sender(name=letter.from_name or letter.from_address or _("unknown sender"))


def why_not(mail: InboundMail, sender: Sender) -> str:
    """Why a person has to look at it first; nothing when it may be filed."""
    if mail.address is None or mail.company is None:
        return "unknown_address"
    if mail.company.archived_at:
        return "archived"
    if has_ended(mail.address, mail.received_at):
        return "address_ended"
    family = family_of(mail.company.firm_id, mail.address.family)
    policy = mail.address.policy or (family.policy if family else "known")
    if policy != "open" and not sender.is_known:
        return "unknown_sender"
    return ""
