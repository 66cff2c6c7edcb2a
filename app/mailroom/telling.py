"""Telling the people of the firm that their bot got mail: one notice for a flood."""

import hashlib
from datetime import timedelta

from flask_babel import force_locale
from sqlalchemy import select

from app.companies.followers import staff_following
from app.companies.models import Company
from app.connectors.models import Bot
from app.db import database_now, db
from app.firms.hosts import url_of
from app.firms.models import Firm
from app.mailroom.models import BotMail
from app.notices.models import Notice
from app.notices.writing import notify
from app.texts import gettext as _

TOLD = ("invitation", "bounce", "refusal")
AT_MOST_EVERY = timedelta(hours=1)


def tell(mail: BotMail, app_name: str) -> int:
    """Write to the administrators, and to the staff who see the company; gives how
    many. At most once an hour for the same bot and kind."""
    if mail.kind not in TOLD or _told_lately(mail):
        return 0
    firm = db.session.get_one(Firm, mail.firm_id)
    company = db.session.get(Company, mail.company_id) if mail.company_id else None
    whose = f"{app_name} · {company.name}" if company else app_name
    readers = staff_following(mail.firm_id, mail.company_id)
    for person in readers:
        with force_locale(person.locale):
            notify(
                person.email,
                kind=_notice_kind(mail),
                subject=_subject(mail.kind, whose),
                text=_text(mail, url_of(firm)),
                firm=firm,
                company=company,
            )
    return len(readers)


def _told_lately(mail: BotMail) -> bool:
    """Whoever comes second waits here for the first, and then sees its notice."""
    db.session.execute(
        select(Bot.address)
        .where(Bot.address == mail.bot_address)
        .with_for_update()
        .execution_options(across_firms=True)
    )
    return bool(
        db.session.scalar(
            select(Notice.id)
            .where(
                Notice.firm_id == mail.firm_id,
                Notice.kind == _notice_kind(mail),
                Notice.created_at > database_now() - AT_MOST_EVERY,
            )
            .limit(1)
        )
    )


def _notice_kind(mail: BotMail) -> str:
    """Says which bot too, within the length of its column."""
    bot = hashlib.sha256(mail.bot_address.encode()).hexdigest()[:16]
    return f"mail_{mail.kind}_{bot}"


def _subject(kind: str, whose: str) -> str:
    if kind == "invitation":
        return _("%(name)s: an invitation has arrived", name=whose)
    if kind == "bounce":
        return _("%(name)s: a message came back", name=whose)
    return _("%(name)s: a message was refused", name=whose)


def _text(mail: BotMail, portal: str) -> str:
    return "\n".join(
        (
            _("The bot %(address)s has received mail.", address=mail.bot_address),
            "",
            _("Read it (you will be asked to sign in):"),
            f"{portal}/apps/mail/{mail.id}",
            "",
            _("For the next hour, mail of this kind to this bot is not announced."),
            "",
        )
    )
