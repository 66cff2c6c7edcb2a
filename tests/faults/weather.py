"""A mail server in bad weather: it fails by chance, the same way for the same seed."""

from collections import Counter
from dataclasses import dataclass
from random import Random

from tests.smtp import Fault, MailServer

# Phase, chance, what happens: a reply, or a line that is cut.
BAD = (
    ("mail", 0.03, "421 4.3.2 Closing"),
    ("rcpt", 0.04, "451 4.7.1 Try later"),
    ("dot", 0.02, ""),  # not taken
    ("dot", 0.03, "452 4.3.1 No room"),
    ("ack", 0.03, ""),  # taken, never said
)
LONGEST_WAIT = 0.03  # seconds before the last answer


@dataclass
class RoughServer(MailServer):
    seed: int = 0
    is_calm: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.random = Random(self.seed)  # noqa: S311 - a repeatable chance is meant
        self.happened: Counter[str] = Counter()

    def due(self, phase: str) -> Fault | None:
        if self.is_calm or (told := super().due(phase)):
            return None if self.is_calm else told
        with self.lock:
            drawn = self.random.random()
            wait = self.random.uniform(0, LONGEST_WAIT)
        for name, chance, reply in BAD:
            if name != phase:
                continue
            if drawn < chance:
                self.happened[f"{phase} {reply[:3] or 'cut'}"] += 1
                return Fault(phase, reply, cut=not reply)
            drawn -= chance
        return Fault(phase, wait=wait) if phase == "ack" else None
