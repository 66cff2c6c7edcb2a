"""What is known of who wrote."""

import uuid
from dataclasses import dataclass

from app.people.models import Person


@dataclass(frozen=True)
class Sender:
    """`verdict`: whether the domain of From stands for it (pass, fail, none)."""

    # Of the company or of the firm, and proven.
    person: Person | None = None
    name: str = ""
    # In small letters; nothing where From gives none, or several.
    address: str = ""
    verdict: str = "none"
    verdict_text: str = ""
    is_accepted: bool = False
    # Whose address it is, though nothing proves it.
    claimed: Person | None = None
    # The one firm that knows the address, of a mail that is no firm's yet.
    firm_id: uuid.UUID | None = None

    @property
    def is_known(self) -> bool:
        return bool(self.person) or self.is_accepted
