"""How long the bytes of a mail are kept: thirty days, but for one that still waits.

Those of a filed mail go silently, for its documents stay. One that a person has to look
at goes only after people were told that it would, a day before at the least.
"""

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from app.activity.recording import record
from app.alone import alone
from app.blobs import StorageUnavailable
from app.collection import telling
from app.collection.models import InboundMail
from app.collection.telling import DAYS
from app.db import database_now, db
from app.firms.models import Firm
from app.library.receiving import store

log = logging.getLogger(__name__)
MOST_AT_ONCE = 10_000  # the rest goes the next day
TOLD_BEFORE = timedelta(days=1)
EVERYWHERE = {"across_firms": True}
SETTLED = ("filed", "ignored", "discarded")


def look_after() -> int:
    """Tell of those that wait for people, then let go of what is over; gives how many
    were let go. Harmless when it runs twice. Commits."""
    telling.tell_all()
    gone = 0
    for mail_id in _over(database_now() - DAYS):
        with alone(f"letting go of mail {mail_id}"):
            gone += _let_go(mail_id)
    return gone


def _over(since: datetime) -> Sequence[uuid.UUID]:
    """What waits to be read is none of them, however long it has waited."""
    ids = db.session.scalars(
        select(InboundMail.id)
        .where(
            InboundMail.received_at < since,
            # Also one whose bytes were never here.
            or_(
                InboundMail.state == "quarantined",
                and_(
                    InboundMail.storage_key.is_not(None),
                    InboundMail.state.in_(SETTLED),
                ),
            ),
        )
        .order_by(InboundMail.received_at)
        .limit(MOST_AT_ONCE)
        .execution_options(**EVERYWHERE)
    ).all()
    db.session.commit()
    return ids


def _let_go(mail_id: uuid.UUID) -> bool:
    mail = db.session.scalar(
        select(InboundMail)
        .where(InboundMail.id == mail_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True, **EVERYWHERE)
    )
    if mail is None or not _may_go(mail):
        db.session.rollback()
        return False
    key, mail.storage_key = mail.storage_key, None
    if mail.state == "quarantined":
        _expire(mail)
    db.session.commit()
    try:
        if key:
            store().delete(key)
    except StorageUnavailable as error:
        log.warning("the sweep will take %s: %s", key, error)
    return True


def _may_go(mail: InboundMail) -> bool:
    now = database_now()
    if mail.state in SETTLED:
        return True
    is_in_hand = mail.leased_until is not None and mail.leased_until > now
    firm = db.session.get(Firm, mail.firm_id) if mail.firm_id else None
    return (
        mail.state == "quarantined"
        and not is_in_hand
        and not (firm and firm.suspended_at)  # nobody could look at it meanwhile
        and telling.was_told(mail, now - TOLD_BEFORE)
    )


def _expire(mail: InboundMail) -> None:
    mail.state, mail.settled_at = "discarded", database_now()
    if mail.firm_id:
        record(
            "mail_expired",
            firm_id=mail.firm_id,
            company_id=mail.company_id,
            firm_only=True,
            mail=str(mail.id),
            recipient=mail.recipient,
            sender=mail.from_address,
        )
