"""The jobs that keep the house: hourly the auditor and the search, daily the sweep.

The clock's run asks for them; whichever run comes first in its hour or day.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.archives import looking_after
from app.collection import keeping as mail_keeping
from app.operator import audits, sweeping
from app.queueing import enqueue_once, is_told_to_end
from app.search import catching_up

QUEUE = "default"  # mail goes first


def audit(hour: str) -> dict[str, Any]:
    """The reading of an hour (ISO 8601); run twice, the second does nothing."""
    done = audits.run(datetime.fromisoformat(hour), should_stop=is_told_to_end)
    return {"found": done.found, "files": done.files_read} if done else {}


def sweep() -> dict[str, Any]:
    """Harmless when it runs twice."""
    return asdict(sweeping.sweep())


def keep_search() -> int:
    """What the search does not know yet; harmless when it runs twice."""
    return catching_up.catch_up(should_stop=is_told_to_end)


def ask_for_all(slot: datetime) -> None:
    """Those of the slot, its hour and its day, unless they were asked for already."""
    hour = slot.replace(minute=0, second=0, microsecond=0)
    at = f"{hour:%Y%m%d%H}"
    enqueue_once(audit, hour.isoformat(), job_id=f"audit-{at}", name=QUEUE)
    enqueue_once(keep_search, job_id=f"search-{at}", name=QUEUE)
    in_slot = f"archives-{int(slot.timestamp())}"
    enqueue_once(looking_after.look_after, job_id=in_slot, name=QUEUE)
    enqueue_once(sweep, job_id=f"sweep-{at[:8]}", name=QUEUE)
    enqueue_once(mail_keeping.look_after, job_id=f"mails-{at[:8]}", name=QUEUE)
