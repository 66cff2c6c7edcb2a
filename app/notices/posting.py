"""Sending the notices that are due. One that the server has not taken is tried again.

A notice may arrive twice, with the same Message-ID, when the line is cut at its end.
"""

import logging
import smtplib
import uuid
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr

from flask import current_app
from flask_babel import force_locale
from sqlalchemy import select

from app.companies.models import Company
from app.db import database_now, db
from app.delivery import quota
from app.firms.models import Firm
from app.mailserver import Server
from app.notices.dressing import dressed
from app.notices.models import Notice
from app.people.models import Person

log = logging.getLogger(__name__)
A_BATCH = 50
# What the portal writes from: nobody reads what is sent there.
NO_REPLY = "ne-pas-repondre"
# Kinds that answer a mail (RFC 3834): without a sender, so that nothing answers them.
ANSWERS = ("receipt",)
# The names of messages are not to be cut: some programs spell them anew then.
ONE_LINE = policy.default.clone(max_line_length=990)
WAITS = (1, 5, 15, 60, 240, 720, 1440)  # minutes before the next try


def post_notices() -> int:
    """Send what is due; gives how many left. Commits after each one."""
    sent = 0
    while ids := _due():
        try:
            host = Server(current_app.extensions["mail"]).configure_host()
        except (smtplib.SMTPException, OSError) as error:
            log.warning("notices wait, the mail server is not to be had: %s", error)
            return sent
        try:
            for notice_id in ids:
                sent += _post(host, notice_id)
        except smtplib.SMTPServerDisconnected:
            return sent
        finally:
            host.close()
    return sent


def _due() -> list[uuid.UUID]:
    ids = db.session.scalars(
        select(Notice.id)
        .where(
            Notice.sent_at.is_(None),
            Notice.failed_at.is_(None),
            Notice.not_before <= database_now(),
        )
        .order_by(Notice.not_before, Notice.id)
        .limit(A_BATCH)
    ).all()
    db.session.commit()
    return list(ids)


def _post(host: smtplib.SMTP, notice_id: uuid.UUID) -> int:
    notice = _take(notice_id)
    if notice is None:
        return 0
    if why := _why_not_any_more(notice):
        _put_off(notice, why, is_final=True)
        return 0
    try:
        message = _message(notice)
        quota.note()
        _send(host, notice, message)
    except smtplib.SMTPServerDisconnected as error:
        _put_off(notice, str(error), is_final=False)
        raise
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        _put_off(notice, f"{code} {text!r}", is_final=code >= 500)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        is_ours = isinstance(error, (smtplib.SMTPNotSupportedError, ValueError))
        is_final = is_ours or getattr(error, "smtp_code", 0) >= 500
        _put_off(notice, str(error), is_final=is_final)
    except Exception as error:  # of ours, in the making: the others do not wait for it
        log.exception("notice %s could not be made", notice.id)
        _put_off(notice, repr(error), is_final=False)
    else:
        notice.sent_at = database_now()
        notice.last_text = ""
        db.session.commit()
        return 1
    return 0


def _why_not_any_more(notice: Notice) -> str:
    """What happened since it was written; empty when it is still for them."""
    if _is_closed(notice):
        return "the account was closed meanwhile"
    if _is_of_a_company_lost(notice):
        return "the company is not theirs any more"
    return ""


def _is_closed(notice: Notice) -> bool:
    """The account that it is for. Whoever wrote to us gets an answer all the same."""
    if notice.kind in ANSWERS:
        return False
    disabled_at = db.session.scalar(
        select(Person.disabled_at).where(
            Person.firm_id == notice.firm_id
            if notice.firm_id
            else Person.firm_id.is_(None),
            Person.email == notice.recipient,
        )
    )
    return disabled_at is not None


def _is_of_a_company_lost(notice: Notice) -> bool:
    """It tells of a company that whoever has this address may not enter any more."""
    if notice.company_id is None:
        return False
    reader = select(Person.id).where(
        Person.firm_id == notice.firm_id, Person.email == notice.recipient
    )
    still = select(Company.id).where(
        Company.id == notice.company_id, Company.is_open_to(reader.scalar_subquery())
    )
    return db.session.scalar(still, execution_options={"across_firms": True}) is None


def _send(host: smtplib.SMTP, notice: Notice, message: EmailMessage) -> None:
    """Providers that want a sender, even of an answer, get it."""
    if notice.kind in ANSWERS:
        try:
            host.send_message(message, from_addr="")
        except smtplib.SMTPSenderRefused as error:
            log.info("an answer without a sender was refused: %s", error)
        else:
            return
    host.send_message(message)


def _take(notice_id: uuid.UUID) -> Notice | None:
    """Ours for this try: it is due again in a while, should we end in the middle.
    Commits."""
    now = database_now()
    notice = db.session.scalar(
        select(Notice)
        .where(
            Notice.id == notice_id,
            Notice.sent_at.is_(None),
            Notice.failed_at.is_(None),
            Notice.not_before <= now,
        )
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if notice is not None:
        wait = WAITS[min(notice.attempts, len(WAITS) - 1)]
        notice.attempts += 1
        notice.not_before = now + timedelta(minutes=wait)
    db.session.commit()
    return notice


def _put_off(notice: Notice, text: str, *, is_final: bool) -> None:
    db.session.rollback()
    notice.last_text = text[:1000]
    if is_final or notice.attempts > len(WAITS):
        notice.failed_at = database_now()
        log.error("notice %s could not be sent: %s", notice.id, text)
    db.session.commit()


def _message(notice: Notice) -> EmailMessage:
    """No transaction is left open."""
    firm = db.session.get(Firm, notice.firm_id) if notice.firm_id else None
    domain = (firm.mail_domain if firm else None) or current_app.config["MAIL_DOMAIN"]
    name = firm.name if firm else str(current_app.config["PLATFORM_DOMAIN"])
    message = EmailMessage(policy=ONE_LINE)
    message["From"] = formataddr((name, f"{NO_REPLY}@{domain}"))
    message["To"] = notice.recipient
    if notice.reply_to:
        message["Reply-To"] = notice.reply_to
    message["Subject"] = " ".join(notice.subject.split())
    message["Date"] = format_datetime(notice.created_at)
    message["Message-ID"] = f"<{notice.id}@{domain}>"
    is_answer = notice.kind in ANSWERS
    message["Auto-Submitted"] = "auto-replied" if is_answer else "auto-generated"
    if ids := notice.thread.split():
        message["In-Reply-To"], message["References"] = ids[-1], " ".join(ids)
    if notice.stop_url:
        message["List-Unsubscribe"] = f"<{notice.stop_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(notice.text)
    if firm:
        with force_locale(_locale_of(notice)):
            page = dressed(notice.text, firm)
        message.add_alternative(page, subtype="html")
    db.session.commit()
    return message


def _locale_of(notice: Notice) -> str:
    """That of the person, as the text is in it."""
    found = db.session.scalar(
        select(Person.locale).where(
            Person.firm_id == notice.firm_id, Person.email == notice.recipient
        )
    )
    return found or str(current_app.config["BABEL_DEFAULT_LOCALE"])
