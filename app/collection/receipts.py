"""One mail to who sent documents: what was filed, where, and what was not, and why.

Only to whom the message was proven to be from, or to a person of the portal whose
address it bears; never to machines, lists or ourselves. What comes before the next one
may be sent is put into it: nobody gets many, and nothing is left unsaid. It quotes
nothing of the mail but the names of its files, to whoever gave them.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.collection import threads
from app.collection.models import InboundMail, InboundPart
from app.collection.own import is_own
from app.collection.receipt_words import is_left_out, is_told, section, subject_of
from app.collection.senders import person_at
from app.db import database_now, db
from app.firms.hosts import url_of
from app.firms.models import Firm
from app.notices.models import Notice, NoticeSetting
from app.notices.writing import notify
from app.people.models import Person
from app.texts import gettext as _

KIND = "receipt"
APART = timedelta(hours=1)
STRANGERS_APART = timedelta(days=1)
LONGEST = 20_000  # characters; what comes after is not told
# Known people are told of these: theirs to mend. Others wait for the firm's people.
THEIRS = ("nothing_to_file", "refused", "archived")
EVERYWHERE = {"across_firms": True}


def tell(mail: InboundMail, is_theirs: bool) -> Notice | None:
    """Write it, in the transaction that settles the mail; the caller commits.
    `is_theirs`: its author can be told at all. None where nothing was said."""
    if not is_theirs or mail.firm_id is None or mail.company is None:
        return None
    address = mail.from_address
    if mail.is_automatic or mail.verdict == "fail":
        return None
    person = person_at(address, mail.company)
    if not _is_due(mail, person) or is_own(address):
        return None
    firm = _locked(mail.firm_id)
    with force_locale(person.locale if person else "fr"):
        return _write(mail, person, firm)


def _is_due(mail: InboundMail, person: Person | None) -> bool:
    if mail.state == "quarantined":
        return bool(person) and mail.reason in THEIRS
    if mail.state != "filed":
        return False
    if person is None:
        return mail.verdict == "pass"
    return not _wants_none(person, mail) or any(map(is_told, _parts(mail)))


def _wants_none(person: Person, mail: InboundMail) -> bool:
    """Whoever stopped the mails about deposits is told of what went wrong alone."""
    setting = db.session.get(NoticeSetting, (person.id, mail.company_id))
    return setting is not None and setting.deposits == "never"


def leaves_out_something(mail: InboundMail) -> bool:
    """It is filed, but not the whole of what somebody would ask for."""
    return mail.state == "filed" and any(map(is_left_out, _parts(mail)))


def _parts(mail: InboundMail) -> Sequence[InboundPart]:
    return db.session.scalars(
        select(InboundPart)
        .where(InboundPart.mail_id == mail.id)
        .options(joinedload(InboundPart.document))
        .order_by(InboundPart.number)
        .execution_options(populate_existing=True, **EVERYWHERE)
    ).all()


def _locked(firm_id: uuid.UUID) -> Firm:
    """Whoever comes second waits here for the first, and then sees its receipt."""
    return db.session.scalars(
        select(Firm).where(Firm.id == firm_id).with_for_update(key_share=True)
    ).one()


def _write(mail: InboundMail, person: Person | None, firm: Firm) -> Notice | None:
    last = _last(mail)
    parts = _parts(mail)
    text = section(mail, parts, person)
    if last is not None and _is_waiting(last):
        if len(last.text) >= LONGEST:
            return None
        last.text = f"{text}\n\n{last.text}"
        last.subject = _("Your mails: what was received")
        return last
    notice = notify(
        mail.from_address,
        kind=KIND,
        subject=subject_of(mail, parts),
        text=text,
        firm=firm,
        thread=threads.of(mail),
    )
    notice.text = "\n".join((text, "", *_foot(mail, person, firm, notice)))
    notice.not_before = max(notice.not_before, _next_after(last, person))
    return notice


def _last(mail: InboundMail) -> Notice | None:
    """The newest to that address, whichever company it was about."""
    return db.session.scalar(
        select(Notice)
        .where(
            Notice.firm_id == mail.firm_id,
            Notice.kind == KIND,
            Notice.recipient == mail.from_address,
        )
        .order_by(Notice.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _is_waiting(notice: Notice) -> bool:
    """Nobody has tried to send it yet."""
    return notice.sent_at is None and notice.failed_at is None and not notice.attempts


def _next_after(last: Notice | None, person: Person | None) -> datetime:
    if last is None:
        return database_now()
    sent = last.sent_at or last.created_at
    return sent + (APART if person else STRANGERS_APART)


def _foot(
    mail: InboundMail, person: Person | None, firm: Firm, notice: Notice
) -> list[str]:
    """The id is there so that the receipt is known again when it is sent on to us."""
    company = mail.company
    lines = []
    if person and company:
        lines += [f"{url_of(firm)}/companies/{company.slug}", ""]
    return [*lines, _("Do not answer this mail."), f"Réf. {notice.id}", ""]
