"""An address that puts off one message after the other is left alone for a while, so
that it does not take the run's time from the others."""

from collections import Counter

from app.delivery.claiming import Claim

MOST = 3


class Breaker:
    """Counts, in one run, the failures in a row of every address."""

    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()

    def is_open(self, claim: Claim) -> bool:
        return self.failures[claim.destination or ""] >= MOST

    def note(self, claim: Claim, state: str) -> None:
        address = claim.destination or ""
        if state in {"deferred", "in_doubt"}:
            self.failures[address] += 1
        else:
            del self.failures[address]
