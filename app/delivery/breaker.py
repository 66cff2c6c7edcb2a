"""What a run knows of the server and of the addresses, from one message to the next:
whom it leaves alone, so that nobody takes the others' time."""

from app.delivery import outages, troubles
from app.delivery.answers import Reply
from app.delivery.claiming import A_CLAIM, Claim
from app.delivery.models import Outage
from app.delivery.turns import Turns

MOST_CUTS = 3  # lines cut one after the other: the server is not well
# At these a line that is cut, or silence, is about the recipient.
OF_THE_ADDRESS = {"rcpt", "data", "dot"}


class Breaker:
    def __init__(self, owner: str, turns: Turns) -> None:
        self.owner = owner
        self.turns = turns
        self.outage: Outage | None = None
        self.left_alone: set[str] = set()  # since the claim
        self.blamed: set[str] = set()
        self.cut: set[str] = set()  # whose lines were cut, one after the other

    def most(self) -> int:
        """How many messages may be claimed now: one while the server is away, and none
        when another worker is trying it. The caller claims and commits."""
        self.left_alone.clear()
        self.outage = outages.current()
        if self.outage is None:
            return A_CLAIM
        return 1 if outages.may_try(self.owner) else 0

    def is_open(self, claim: Claim) -> bool:
        return (claim.destination or "") in self.left_alone

    def note(self, claim: Claim, state: str, cuts: int) -> None:
        """What came of one; `cuts` are the lines cut in a row by now. Commits."""
        address, reply = claim.destination or "", claim.reply
        if cuts == 0:
            self.cut.clear()
        if state == "accepted":
            self._is_there(address)
        elif state in {"deferred", "in_doubt"} and reply is not None:
            self._has_failed(address, reply, cuts)
        elif reply is not None and reply.code >= 500:
            self._answers(address)

    def server_is_lost(self, cuts: int) -> bool:
        """One address alone whose lines are cut does not make the server ill."""
        if cuts < MOST_CUTS or len(self.cut) == 1:
            return False
        troubles.over(*self.blamed)
        return True

    def _is_there(self, address: str) -> None:
        if self.outage is not None:
            outages.over()
            self.outage = None
        self._answers(address)

    def _answers(self, address: str) -> None:
        if address in self.turns.troubles or address in self.blamed:
            troubles.over(address)
            self.blamed.discard(address)

    def _has_failed(self, address: str, reply: Reply, cuts: int) -> None:
        is_of_address = reply.phase in OF_THE_ADDRESS
        if cuts:
            self.cut.add(address if is_of_address else f"{address} {reply.phase}")
        if self.outage is not None or not (is_of_address or reply.code):
            return
        if address not in self.turns.troubles:
            self.blamed.add(address)
        if troubles.failed(address, f"{reply.code or ''} {reply.text}".strip()):
            self.left_alone.add(address)
