"""Times in which the mail server is away, or does not know us any more.

While one lasts a run tries one message before it takes the rest, and one worker at a
time. No document is charged for it. The first message accepted ends it.
"""

from datetime import timedelta

from sqlalchemy import select, update

from app.db import database_now, db, insert_into, new_id
from app.delivery.answers import OUR_CREDENTIALS
from app.delivery.due import one_of
from app.delivery.models import LEASED, Delivery, Outage
from app.delivery.outage_alerts import tell_back, tell_out

TELL_AFTER = timedelta(minutes=30)


def current() -> Outage | None:
    """The one that lasts, since when; the elder of two."""
    return db.session.scalars(
        select(Outage)
        .where(Outage.ended_at.is_(None))
        .order_by(Outage.began_at)
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()


def may_try(owner: str) -> bool:
    """Whether no other worker has a message in hand: of several that ask, the others
    wait here until the first has claimed and committed."""
    db.session.execute(
        select(Outage.id).where(Outage.ended_at.is_(None)).with_for_update()
    ).all()
    other = db.session.scalar(
        select(Delivery.id)
        .where(
            one_of(Delivery.state, LEASED),
            Delivery.state == "sending",
            Delivery.lease_until > database_now(),
            Delivery.owner != owner,
        )
        .limit(1)
    )
    if other is not None:
        db.session.commit()
    return other is None


def note(said: str, code: int) -> None:
    """The server was not to be had, or refused us; operators are told at once when it
    is our credentials, and else when it lasts. Commits."""
    now = database_now()
    row = insert_into(Outage).values(
        id=new_id(),
        began_at=now,
        seen_at=now,
        times=1,
        is_credentials=code in OUR_CREDENTIALS,
        said=said[:500],
    )
    outage_id = db.session.execute(
        row.on_conflict_do_update(
            index_elements=[Outage.is_credentials],
            index_where=Outage.ended_at.is_(None),
            set_={"times": Outage.times + 1, "seen_at": now, "said": said[:500]},
        ).returning(Outage.id)
    ).scalar_one()
    outage = db.session.get_one(Outage, outage_id, populate_existing=True)
    is_grave = outage.is_credentials or now - outage.began_at >= TELL_AFTER
    if is_grave and outage.told_at is None:
        outage.told_at = now
        tell_out(outage)
    db.session.commit()


def over() -> None:
    """It takes messages again; those who were told are told. Commits."""
    now = database_now()
    ended = db.session.execute(
        update(Outage)
        .where(Outage.ended_at.is_(None))
        .values(ended_at=now)
        .returning(Outage.began_at, Outage.told_at)
        .execution_options(synchronize_session=False)
    ).all()
    told = [row.began_at for row in ended if row.told_at]
    if told:
        tell_back(min(told), now)
    db.session.commit()
