"""The mails that a person of the firm may read: or 404."""

import uuid

from flask import abort
from flask_login import current_user
from sqlalchemy import Select, or_, select

from app.companies.models import Company
from app.db import db
from app.mailroom.models import BotMail
from app.people.models import Person


def visible_to(person: Person) -> Select[BotMail]:
    """Those of the companies that the person may enter; those of the whole firm's
    bots are for all of its staff."""
    companies = Company.visible_to(person).with_only_columns(Company.id)
    return select(BotMail).where(
        BotMail.firm_id == person.firm_id,
        or_(BotMail.company_id.is_(None), BotMail.company_id.in_(companies)),
    )


def mail_or_404(mail_id: uuid.UUID) -> BotMail:
    found = db.session.scalar(visible_to(current_user).where(BotMail.id == mail_id))
    return found or abort(404)
