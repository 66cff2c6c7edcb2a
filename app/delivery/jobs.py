"""The jobs of the automaton. They take plain texts and open their own context."""

import time
import uuid
from datetime import datetime
from typing import Any

from app.alone import alone
from app.delivery import events, test_mails, tick as ticking
from app.delivery.alerts import send_digests
from app.library.deposit_notices import send_deposit_notices
from app.mailroom.jobs import look
from app.notices.posting import post_notices
from app.operator.jobs import ask_for_all
from app.queueing import enqueue_once, is_told_to_end


def tick(slot: str) -> dict[str, Any]:
    """The run of a slot (ISO 8601). Run twice, the second finds nothing to do. Raises
    in the end what went wrong in any part of it."""
    began, counts = datetime.fromisoformat(slot), dict[str, Any]()
    faults: list[Exception] = []
    with alone("applying what providers told", faults):
        events.apply_waiting()
    with alone("the run", faults):
        counts |= ticking.run(began, should_stop=is_told_to_end)
    # Also what has jobs of its own, for those that were lost.
    afterwards = (send_digests, send_deposit_notices, look, post_notices)
    for step in (*afterwards, test_mails.sweep):
        with alone(step.__name__, faults):
            step()
    with alone("asking for the jobs that keep the house", faults):
        ask_for_all(began)
    if faults:
        raise ExceptionGroup(f"the run of {slot}", faults)
    return counts


def send_now(company_id: str) -> dict[str, Any]:
    """A run that a person asked for, for one company."""
    return ticking.run(company_id=uuid.UUID(company_id), should_stop=is_told_to_end)


def ask_now(company_id: uuid.UUID) -> bool | None:
    """Ask for that run; False when one of this minute is not over yet, None when the
    queue does not answer."""
    name = name_of_now(company_id)
    return enqueue_once(send_now, str(company_id), job_id=name, again=True)


def name_of_now(company_id: uuid.UUID) -> str:
    """Of the one job a minute that waits or runs for a company."""
    return f"now-{company_id}-{int(time.time() // 60)}"
