"""When to try again: soon at first, then ever more rarely, for five days since the
first try. What waited before that, held or behind an outage, does not count.
"""

import secrets
from datetime import datetime, timedelta

MINUTES = (1, 5, 15, 30, 60, 120, 240)
GIVE_UP_AFTER = timedelta(days=5)
JITTER = 0.2


def next_try(now: datetime, attempts: int) -> datetime:
    """After so many attempts; ±20 %, so that failures do not come back together."""
    minutes = MINUTES[min(max(attempts, 1), len(MINUTES)) - 1]
    spread = 1 + JITTER * (secrets.randbelow(2001) / 1000 - 1)
    return now + timedelta(minutes=minutes * spread)


def is_over(now: datetime, tried_since: datetime) -> bool:
    return now - tried_since > GIVE_UP_AFTER
