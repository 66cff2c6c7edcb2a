"""The jobs that make pictures of pages: some pages each, so that mail goes between.

A job that is lost is made up for by whoever opens the document.
"""

import time
import uuid

from app.library.models import Version
from app.pages import making
from app.queueing import enqueue, enqueue_once, is_told_to_end

QUEUE = "default"


def make(version_id: str) -> int | None:
    """The next pictures of a version, and a job for those after them."""
    made = making.make_some(uuid.UUID(version_id))
    if made is not None and not is_told_to_end():
        _ask_now(version_id, made)
    return made


def ask_after_commit(version: Version) -> None:
    """For a version that has just come."""
    if making.can_be_shown(version.content_type):
        enqueue(make, str(version.id), queue=QUEUE, job_id=_name(str(version.id), 0))


def ask_again(version_id: uuid.UUID) -> None:
    """For one that somebody looks at: once a minute at most, and before those that
    nobody has opened yet."""
    _ask_now(str(version_id), -1)


def _ask_now(version_id: str, made: int) -> None:
    name = _name(version_id, made)
    enqueue_once(make, version_id, job_id=name, name=QUEUE, is_urgent=True)


def _name(version_id: str, made: int) -> str:
    return f"preview-{version_id}-{made}-{int(time.time() // 60)}"
