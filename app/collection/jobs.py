"""Reading what waits: each in its turn, one after the other, until nothing is left.

A job is asked for as a mail is kept, and every minute: mail whose own job was lost, or
whose reader died, is taken then.
"""

import logging
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError
from redis.exceptions import RedisError
from sqlalchemy import or_, select, update
from sqlalchemy.exc import OperationalError

from app.collection import filing
from app.collection.models import InboundMail
from app.db import database_now, db
from app.queueing import enqueue_once, is_told_to_end
from app.storage import StorageUnavailable

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)
SOON = timedelta(seconds=30)
# Whoever read it so often died of it: a person looks at it then.
MOST_TRIES = 5
# A fault of ours counts as its own when it lasts for so long.
PATIENCE = timedelta(days=1)
# Then another job goes on, behind those that wait for the same worker.
MOST_SECONDS = 20
# So many in a row that could not be read now: nothing can.
MOST_FAULTS = 3
AWAY = (
    *(StorageUnavailable, OperationalError, BotoCoreError, RedisError, OSError),
    filing.PlaceGone,  # it has another one when it is read again
)


@dataclass(frozen=True)
class Held:
    """A mail in our hands, as it was when we took it."""

    mail_id: uuid.UUID
    attempts: int
    received_at: datetime
    until: datetime | None


def read_waiting() -> int:
    """Settle what waits; gives how many."""
    until = time.monotonic() + MOST_SECONDS
    settled = faults = 0
    while faults < MOST_FAULTS and not is_told_to_end() and (mail := _take()):
        held = Held(mail.id, mail.attempts, mail.received_at, mail.leased_until)
        try:
            _process(mail)
            settled, faults = settled + 1, 0
        except AWAY as error:
            log.warning("mail %s waits: %s", held.mail_id, error)
            _put_off(held, is_ours=True)
            faults += 1
        except Exception:
            log.exception("mail %s could not be read", held.mail_id)
            _put_off(held)
        if time.monotonic() > until:
            _go_on()
            break
    return settled


def _go_on() -> None:
    number = int(time.time()) // MOST_SECONDS
    enqueue_once(read_waiting, job_id=f"read-mail-{number}", name="default")


def _take() -> InboundMail | None:
    """The next in turn, ours for a while."""
    now = database_now()
    mail = db.session.scalar(
        select(InboundMail)
        .where(
            InboundMail.state == "waiting",
            or_(InboundMail.leased_until.is_(None), InboundMail.leased_until <= now),
        )
        .order_by(InboundMail.turn_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(across_firms=True, populate_existing=True)
    )
    if mail is not None:
        mail.leased_until, mail.attempts = now + LEASE, mail.attempts + 1
    db.session.commit()
    return mail


def _process(mail: InboundMail) -> None:
    if mail.attempts > MOST_TRIES:
        filing.give_up(mail)
    else:
        log.info("mail %s: %s", mail.id, filing.process(mail))


def _put_off(held: Held, *, is_ours: bool = False) -> None:
    """Others come first meanwhile. `is_ours`: not the message's fault."""
    db.session.rollback()
    now = database_now()
    later, tries = now + SOON, held.attempts
    if is_ours and now - held.received_at < PATIENCE:
        tries -= 1
    db.session.execute(
        update(InboundMail)
        .where(
            InboundMail.id == held.mail_id,
            InboundMail.state == "waiting",
            InboundMail.leased_until == held.until,  # else another has it by now
        )
        .values(leased_until=later, turn_at=later, attempts=tries)
        .execution_options(across_firms=True)
    )
    db.session.commit()
