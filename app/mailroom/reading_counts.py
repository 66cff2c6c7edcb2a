"""What is not read yet. Read by one of the firm is read for all of them."""

from sqlalchemy import func, select, update

from app.db import database_now, db
from app.mailroom.finding import visible_to
from app.mailroom.models import BotMail
from app.people.models import Person


def unread(person: Person) -> int:
    """How many mails of the bots the person may read and nobody has."""
    waiting = visible_to(person).where(BotMail.read_at.is_(None))
    counted = select(func.count()).select_from(waiting.subquery())
    return db.session.scalar(counted) or 0


def mark_read(mail: BotMail, *, by: Person) -> None:
    """Again changes nothing: who read it first stays."""
    db.session.execute(
        update(BotMail)
        .where(BotMail.id == mail.id, BotMail.read_at.is_(None))
        .values(read_at=database_now(), read_by_id=by.id)
    )
    db.session.refresh(mail)
