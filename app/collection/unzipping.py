"""Whether a firm wants the files of a ZIP that comes by mail, or the ZIP itself."""

import uuid

from sqlalchemy import select

from app.activity.recording import record
from app.db import db
from app.firms.models import Firm
from app.people.models import Person


def is_wanted(firm_id: uuid.UUID | None) -> bool:
    return bool(db.session.scalar(select(Firm.unzips_mail).where(Firm.id == firm_id)))


def choose(firm_id: uuid.UUID, *, is_on: bool, by: Person) -> None:
    """For mails that come from now on; the caller commits."""
    firm = db.session.get_one(Firm, firm_id)
    if firm.unzips_mail != is_on:
        firm.unzips_mail = is_on
        record(
            "mail_unzipping_chosen",
            firm_id=firm_id,
            actor_id=by.id,
            firm_only=True,
            is_on=is_on,
        )
