"""Telling the people of a firm that mails wait for them: one notice for all of those
that the person may look at, once a day at most, and twice before the end of one.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import force_locale
from sqlalchemy import ColumnElement, func, select

from app.alone import alone
from app.collection.models import InboundMail
from app.companies.followers import operators, staff_following
from app.db import database_now, db
from app.firms.hosts import console_url, url_of
from app.firms.models import Firm
from app.formats import day
from app.notices.models import Notice
from app.notices.writing import notify
from app.people.models import Person
from app.texts import gettext as _, ngettext

KIND = "mails_to_check"
DAYS = timedelta(days=30)
SOON, VERY_SOON = timedelta(days=7), timedelta(days=2)
MOST_OFTEN = timedelta(hours=20)  # a run of the daily job may be a little early
Firms = dict[uuid.UUID | None, dict[uuid.UUID | None, list[datetime]]]


@dataclass(frozen=True)
class Waiting:
    """What waits for one person."""

    received: list[datetime]

    @property
    def ends_first(self) -> datetime:
        return min(self.received) + DAYS

    def is_news(self, last: datetime | None, now: datetime) -> bool:
        """Something came since the last notice, or came nearer to its end."""
        if last is None:
            return True
        if last > now - MOST_OFTEN:
            return False
        return any(
            came > last
            or any(last < came + DAYS - before <= now for before in (SOON, VERY_SOON))
            for came in self.received
        )


def tell_all() -> int:
    """Write the notices that are due; gives how many. Commits."""
    written = 0
    for firm_id, companies in _waiting().items():
        with alone(f"telling firm {firm_id} of its mails"):
            firm = db.session.get(Firm, firm_id) if firm_id else None
            if firm and firm.suspended_at:
                continue  # there is no portal to look at them in
            readers = _readers(firm_id, companies)
            told = sum(_tell(firm, person, waiting) for person, waiting in readers)
            db.session.commit()
            written += told
    return written


def last_told(firm_id: uuid.UUID | None, person: Person) -> datetime | None:
    return db.session.scalar(
        select(func.max(Notice.created_at)).where(
            _of(firm_id), Notice.kind == KIND, Notice.recipient == person.email
        )
    )


def _of(firm_id: uuid.UUID | None) -> ColumnElement[bool]:
    return Notice.firm_id == firm_id if firm_id else Notice.firm_id.is_(None)


def was_told(mail: InboundMail, before: datetime) -> bool:
    """Whether a notice of the mail's last days left before that time."""
    found = select(Notice.id).where(
        _of(mail.firm_id),
        Notice.kind == KIND,
        Notice.created_at >= mail.received_at + DAYS - SOON,
        Notice.created_at <= before,
    )
    return db.session.scalar(found.limit(1)) is not None


def _waiting() -> Firms:
    found: Firms = defaultdict(lambda: defaultdict(list))
    rows = db.session.execute(
        select(InboundMail.firm_id, InboundMail.company_id, InboundMail.received_at)
        .where(InboundMail.state == "quarantined")
        .execution_options(across_firms=True)
    )
    for firm_id, company_id, received_at in rows:
        found[firm_id][company_id].append(received_at)
    db.session.commit()
    return found


def _readers(
    firm_id: uuid.UUID | None, companies: dict[uuid.UUID | None, list[datetime]]
) -> Iterable[tuple[Person, Waiting]]:
    people: dict[uuid.UUID, Person] = {}
    theirs: dict[uuid.UUID, list[datetime]] = defaultdict(list)
    for company_id, received in companies.items():
        followers = staff_following(firm_id, company_id) if firm_id else operators()
        for person in followers:
            people[person.id] = person
            theirs[person.id] += received
    return [(people[key], Waiting(received)) for key, received in theirs.items()]


def _tell(firm: Firm | None, person: Person, waiting: Waiting) -> bool:
    last = last_told(firm.id if firm else None, person)
    if not waiting.is_news(last, database_now()):
        return False
    with force_locale(person.locale):
        number = len(waiting.received)
        notify(
            person.email,
            kind=KIND,
            subject=ngettext("%(num)d mail to check", "%(num)d mails to check", number),
            text=_text(firm, waiting),
            firm=firm,
        )
    return True


def _text(firm: Firm | None, waiting: Waiting) -> str:
    number = len(waiting.received)
    ends = day(waiting.ends_first)
    return "\n".join(
        (
            ngettext(
                "%(num)d mail came to your collection addresses and was set aside.",
                "%(num)d mails came to your collection addresses and were set aside.",
                number,
            ),
            ngettext(
                "It is kept for 30 days, until %(day)s.",
                "They are kept for 30 days: the first one goes on %(day)s.",
                number,
                day=ends,
            ),
            "",
            _("Look at them (you will be asked to sign in):"),
            f"{url_of(firm)}/quarantine" if firm else f"{console_url()}/console/mail",
            "",
        )
    )
