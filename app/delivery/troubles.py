"""Addresses that put off one message after the other: left alone until a time, then
tried with one message only. What waits for them meanwhile is charged nothing.

The record lasts between runs and is every worker's; success strikes it out.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from app.db import database_now, db, insert_into, utc_now
from app.delivery.clock import next_slot
from app.delivery.models import Trouble
from app.delivery.retries import next_try
from app.formats import short
from app.texts import gettext as _

MOST = 3  # failures in a row, after which it is left alone
FORGOTTEN_AFTER = timedelta(days=1)  # since it might have been tried, and nothing was


def waiting_for(address: str) -> Trouble | None:
    """The trouble that keeps mail for the address waiting, if there is one."""
    trouble = db.session.get(Trouble, address, populate_existing=True)
    return trouble if trouble and trouble.failures >= MOST else None


def told(trouble: Trouble) -> str:
    """In a sentence, for the firm."""
    return _(
        "The address %(address)s has not answered since %(since)s; next try at "
        "%(time)s.",
        address=trouble.address,
        since=short(trouble.since),
        time=short(next_slot(max(trouble.retry_at, utc_now()))),
    )


def everything() -> dict[str, Trouble]:
    """By address, those to be tried first before the others. Mostly there is none."""
    found = db.session.scalars(
        select(Trouble)
        .order_by(Trouble.retry_at)
        .execution_options(populate_existing=True)
    )
    return {trouble.address: trouble for trouble in found}


def failed(address: str, said: str) -> bool:
    """One more in a row; whether it is left alone from now on. Commits."""
    now = database_now()
    said = said[:500]
    row = insert_into(Trouble).values(
        address=address, failures=1, since=now, retry_at=now, said=said
    )
    failures = db.session.execute(
        row.on_conflict_do_update(
            index_elements=[Trouble.address],
            set_={"failures": Trouble.failures + 1, "said": said},
        ).returning(Trouble.failures)
    ).scalar_one()
    if failures >= MOST:
        _put_off(address, next_try(now, failures - MOST + 1))
    db.session.commit()
    return failures >= MOST


def take(trouble: Trouble, now: datetime) -> bool:
    """The one try that is due is ours, and nobody else's; the caller commits."""
    later = next_try(now, trouble.failures - MOST + 2)
    return _put_off(trouble.address, later, Trouble.retry_at <= now)


def _put_off(address: str, until: datetime, *where: object) -> bool:
    changed = db.session.execute(
        update(Trouble)
        .where(Trouble.address == address, *where)  # type: ignore[arg-type]
        .values(retry_at=until)
        .returning(Trouble.address)
        .execution_options(synchronize_session=False)
    ).all()
    return bool(changed)


def over(*addresses: str) -> None:
    """They answer (or were not to blame); commits."""
    db.session.execute(
        delete(Trouble)
        .where(Trouble.address.in_(addresses))
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def sweep() -> None:
    """Forget those to which nothing was sent for long; the caller commits."""
    db.session.execute(
        delete(Trouble)
        .where(Trouble.retry_at < database_now() - FORGOTTEN_AFTER)
        .execution_options(synchronize_session=False)
    )
