"""Telling the firm's people that mail waits for a look: one notice an hour to each of
them, and what still waits each morning."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from flask_babel import force_locale
from sqlalchemy import select

from app.collection.finding import to_check
from app.collection.models import InboundMail
from app.companies.followers import staff_following
from app.db import database_now, db, utc_now
from app.firms.hosts import url_of
from app.firms.models import Firm
from app.formats import midnight
from app.notices.models import Notice
from app.notices.writing import notify
from app.people.models import Person
from app.texts import gettext as _, ngettext

KIND, DAILY_KIND = "quarantine", "quarantine_daily"
AT_MOST_EVERY = timedelta(hours=1)
DAILY_HOUR = 8  # local
EVERYWHERE = {"across_firms": True}


def tell(mail: InboundMail) -> int:
    """To those who follow the company (or the whole firm, where it is nobody's); gives
    how many. The caller commits."""
    if mail.state != "quarantined" or mail.firm_id is None:
        return 0
    firm = db.session.scalars(
        # Whoever comes second waits here, and then sees the first one's notices.
        select(Firm).where(Firm.id == mail.firm_id).with_for_update(key_share=True)
    ).one()
    readers = staff_following(mail.firm_id, mail.company_id)
    since = database_now() - AT_MOST_EVERY
    readers = _without_told(firm, readers, (KIND,), since)
    for person in readers:
        with force_locale(person.locale):
            notify(
                person.email,
                kind=KIND,
                subject=_("A mail to look at"),
                text=_text(mail, firm),
                firm=firm,
            )
    return len(readers)


def send_digests() -> int:
    """Each morning, to whoever has mail to look at; gives how many. Commits."""
    now = utc_now()
    morning = midnight(now) + timedelta(hours=DAILY_HOUR)
    if now < morning:
        return 0
    firms = db.session.scalars(
        select(Firm).where(
            Firm.id.in_(
                select(InboundMail.firm_id)
                .where(InboundMail.state == "quarantined")
                .execution_options(**EVERYWHERE)
            )
        ),
        execution_options=EVERYWHERE,
    ).all()
    sent = 0
    for firm in firms:
        sent += _digest(firm, morning)
        db.session.commit()
    return sent


def _digest(firm: Firm, morning: datetime) -> int:
    db.session.execute(
        select(Firm.id).where(Firm.id == firm.id).with_for_update(key_share=True)
    )
    sent = 0
    people = db.session.scalars(
        select(Person)
        .where(
            Person.firm_id == firm.id,
            Person.role.in_(("firm_admin", "staff")),
            Person.disabled_at.is_(None),
        )
        .order_by(Person.email)
        .execution_options(**EVERYWHERE)
    ).all()
    for person in _without_told(firm, people, (DAILY_KIND,), morning):
        if waiting := to_check(person):
            _tell_count(person, waiting, firm)
            sent += 1
    return sent


def _tell_count(person: Person, waiting: int, firm: Firm) -> None:
    with force_locale(person.locale):
        notify(
            person.email,
            kind=DAILY_KIND,
            subject=ngettext(
                "%(num)d mail to look at", "%(num)d mails to look at", waiting
            ),
            text="\n".join((_("They are kept for 30 days:"), _link(firm), "")),
            firm=firm,
        )


def _without_told(
    firm: Firm, people: Iterable[Person], kinds: Sequence[str], since: datetime
) -> list[Person]:
    told = set(
        db.session.scalars(
            select(Notice.recipient).where(
                Notice.firm_id == firm.id,
                Notice.kind.in_(kinds),
                Notice.created_at >= since,
            )
        )
    )
    return [person for person in people if person.email not in told]


def _text(mail: InboundMail, firm: Firm) -> str:
    """Without a word of the mail's: nobody knows who wrote it."""
    return "\n".join(
        (
            _("A mail to %(address)s could not be filed.", address=mail.recipient),
            "",
            _("Read it (you will be asked to sign in):"),
            _link(firm),
            "",
            _("For the next hour, other mails of the kind are not announced."),
            "",
        )
    )


def _link(firm: Firm) -> str:
    return f"{url_of(firm)}/quarantine"
