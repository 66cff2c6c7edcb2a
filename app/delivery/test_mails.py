"""«E-mail de test»: a message without document, to see that an address takes mail.

Whatever comes of it, no document nor destination changes. One whose final dot was not
answered is never repeated by itself.
"""

import logging
import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from app.activity.recording import record
from app.alone import alone
from app.connectors.models import Connection, Destination, TestMail
from app.db import database_now, db, new_id
from app.delivery import quota, test_letter
from app.delivery.answers import OUR_CREDENTIALS, NoServer, Reply, Unanswered, Unsent
from app.delivery.transport import Session
from app.errors import Refused
from app.firms.models import Firm
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _

log = logging.getLogger(__name__)
A_BATCH = 50
PAUSE = timedelta(minutes=1)
# Longer than any talk with the server may last: whoever held it has ended.
LOST_AFTER = timedelta(minutes=30)
GIVE_UP_AFTER = timedelta(hours=4)
REVOKED, MOVED = "revoked", "address changed"  # in place of an answer


def ask(connection: Connection, slot: str, *, by: Person | None) -> TestMail:
    """Write it down; flushed. The caller commits, then wakes a worker.

    Raises Refused without access or address, and within a minute of the last one.
    """
    lock_company(connection.company_id, exclusive=True)
    if not connection.is_authorised:
        raise Refused(_("Authorise the company first."))
    destination = connection.destination_for(slot)
    if destination is None:
        raise Refused(_("Save the destination address first."))
    _check_pause(destination.address)
    mail_id = new_id()
    domain = connection.bot_address.rpartition("@")[2]
    mail = TestMail(
        id=mail_id,
        firm_id=connection.firm_id,
        connection_id=connection.id,
        slot=slot,
        sender=connection.bot_address,
        destination=destination.address,
        message_id=f"<{mail_id}.test@{domain}>",
        asked_at=database_now(),
        asked_by_id=by.id if by else None,
    )
    db.session.add(mail)
    db.session.flush()
    record(
        "test_mail_asked",
        firm_id=connection.firm_id,
        company_id=connection.company_id,
        actor_id=by.id if by else None,
        firm_only=True,
        app=connection.app_key,
        slot=slot,
        to=mail.destination,
        message_id=mail.message_id,
    )
    return mail


def _check_pause(address: str) -> None:
    recent = db.session.scalar(
        select(TestMail.id)
        .where(
            TestMail.destination == address,
            TestMail.asked_at > database_now() - PAUSE,
        )
        .limit(1)
    )
    if recent:
        raise Refused(_("A test was asked for less than a minute ago: wait a little."))


def last(connection: Connection, slot: str) -> TestMail | None:
    return db.session.scalar(
        select(TestMail)
        .where(TestMail.connection_id == connection.id, TestMail.slot == slot)
        .order_by(TestMail.asked_at.desc(), TestMail.id.desc())
        .limit(1)
    )


def send(test_mail_id: str) -> str | None:
    """The job; gives the state that it came to, None when there is nothing to do."""
    with Session() as session:
        try:
            return _send(uuid.UUID(test_mail_id), session)
        except NoServer:
            return "asked"


def sweep() -> int:
    """Send those whose own job was lost, or that the server did not take then; close
    those whose worker was killed. Gives how many were accepted. Commits."""
    _close_lost()
    sent = 0
    with Session() as session:
        for mail_id in _waiting():
            with alone(f"test mail {mail_id}"):
                try:
                    sent += _send(mail_id, session) == "accepted"
                except NoServer as gone:
                    log.warning("test mails wait for the mail server: %s", gone.text)
                    return sent
    return sent


def _waiting() -> list[uuid.UUID]:
    ids = db.session.scalars(
        select(TestMail.id)
        .where(TestMail.state == "asked")
        .order_by(TestMail.asked_at)
        .limit(A_BATCH)
    ).all()
    db.session.commit()
    return list(ids)


def _close_lost() -> None:
    now = database_now()
    db.session.execute(
        update(TestMail)
        .where(TestMail.state == "sending", TestMail.settled_at < now - LOST_AFTER)
        .values(state="unanswered", settled_at=now, text="the worker was stopped")
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def _send(mail_id: uuid.UUID, session: Session) -> str | None:
    """Raises NoServer; it waits for the next sweep then."""
    mail = _claim(mail_id)
    if mail is None:
        return None
    if (why := _kept_from_leaving(mail)) is not None:
        return _settle(mail, "refused", None, why)
    firm = db.session.get_one(Firm, mail.firm_id)
    letter = test_letter.written(mail, firm)
    db.session.commit()
    quota.note()
    try:
        reply = session.send(
            mail.sender, mail.destination, len(letter), [letter], lambda: True
        )
    except NoServer as gone:
        _put_back(mail, Reply("connect", gone.code, gone.text))
        raise
    except Unsent as refusal:
        reply = refusal.reply
    except Unanswered as doubt:
        return _settle(mail, "unanswered", None, str(doubt))
    if reply.is_positive:
        return _settle(mail, "accepted", reply.code, reply.text)
    if reply.code < 500 or reply.code in OUR_CREDENTIALS:
        return _put_back(mail, reply)
    return _settle(mail, "refused", reply.code, reply.text)


def _claim(mail_id: uuid.UUID) -> TestMail | None:
    """Ours alone from here; `settled_at` keeps the time meanwhile."""
    taken = db.session.scalar(
        update(TestMail)
        .where(TestMail.id == mail_id, TestMail.state == "asked")
        .values(state="sending", settled_at=database_now())
        .returning(TestMail.id)
        .execution_options(synchronize_session=False)
    )
    if taken is None:
        db.session.commit()
        return None
    return db.session.get_one(TestMail, mail_id, populate_existing=True)


def _kept_from_leaving(mail: TestMail) -> str | None:
    """Asked for an address that is not the company's any more."""
    row = db.session.execute(
        select(Connection.revoked_at, Destination.address)
        .join(Destination, Destination.connection_id == Connection.id)
        .where(Connection.id == mail.connection_id, Destination.slot == mail.slot)
    ).one_or_none()
    if row is None or row.address != mail.destination:
        return MOVED
    return REVOKED if row.revoked_at else None


def _put_back(mail: TestMail, reply: Reply) -> str:
    """Nothing was sent: the next sweep tries again, for some hours."""
    if database_now() - mail.asked_at > GIVE_UP_AFTER:
        return _settle(mail, "refused", reply.code or None, reply.text)
    return _change(
        mail, state="asked", code=reply.code or None, text=reply.text, settled_at=None
    )


def _settle(mail: TestMail, state: str, code: int | None, text: str) -> str:
    now = database_now()
    return _change(mail, state=state, code=code, text=text, settled_at=now)


def _change(mail: TestMail, **values: Any) -> str:
    """Unless a bounce came in meanwhile, which is the later word."""
    db.session.execute(
        update(TestMail)
        .where(TestMail.id == mail.id, TestMail.state.in_(("sending", "unanswered")))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return str(values["state"])
