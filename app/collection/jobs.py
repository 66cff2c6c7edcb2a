"""Reading what waits: each in its turn, one after the other, until nothing is left."""

import logging
import time
import uuid
from datetime import timedelta

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
MOST_TRIES = 3
MOST_SECONDS = 600
AWAY = (StorageUnavailable, OperationalError, BotoCoreError, RedisError, OSError)


def read_waiting() -> int:
    """Settle what waits; gives how many."""
    until, settled = time.monotonic() + MOST_SECONDS, 0
    while not is_told_to_end() and (mail := _take()):
        settled += _process(mail)
        if time.monotonic() > until:
            enqueue_once(
                read_waiting,
                job_id=f"read-mail-{int(time.time())}",
                name="default",
            )
            break
    return settled


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


def _process(mail: InboundMail) -> int:
    mail_id, tries = mail.id, mail.attempts
    if tries > MOST_TRIES:
        filing.give_up(mail)
        return 1
    try:
        state = filing.process(mail)
        log.info("mail %s: %s", mail_id, state)
    except AWAY as error:
        # Not the message's fault.
        log.warning("mail %s waits: %s", mail_id, error)
        _put_off(mail_id, tries - 1)
        return 0
    except Exception:
        log.exception("mail %s could not be read", mail_id)
        _put_off(mail_id, tries)
        return 0
    return 1


def _put_off(mail_id: uuid.UUID, tries: int) -> None:
    db.session.rollback()
    db.session.execute(
        update(InboundMail)
        .where(InboundMail.id == mail_id, InboundMail.state == "waiting")
        .values(leased_until=database_now() + SOON, attempts=tries)
        .execution_options(across_firms=True)
    )
    db.session.commit()
