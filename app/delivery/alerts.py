"""Nothing final is silent: who is told, by mail, and when.

At once when a whole address or our sender is refused; else once a day, the list of
what waits for a person.
"""

import uuid
from datetime import datetime, timedelta

from flask_babel import force_locale, to_user_timezone
from sqlalchemy import Row, func, select

from app.companies.followers import administrators, staff_following
from app.companies.models import Company
from app.connectors import apps
from app.connectors.models import Connection
from app.db import database_now, db, utc_now
from app.delivery.badges import reason_text
from app.delivery.models import BLOCKED, Delivery
from app.firms.hosts import url_of
from app.firms.models import Firm
from app.formats import midnight
from app.notices.models import Notice
from app.notices.writing import notify
from app.texts import gettext as _, ngettext

DIGEST = "delivery_digest"
DIGEST_HOUR = 8  # local
MOST_LINES = 30


def tell_refused(
    connection_id: uuid.UUID, destination: str, said: str, *, sender: bool
) -> None:
    """Write to those who can mend it; in the transaction that records the refusal."""
    connection = db.session.get_one(Connection, connection_id)
    company = db.session.get_one(Company, connection.company_id)
    firm = db.session.get_one(Firm, connection.firm_id)
    app = apps.find(connection.app_key)
    name = app.name if app else connection.app_key
    for person in staff_following(firm.id, company.id):
        with force_locale(person.locale):
            notify(
                person.email,
                kind="address_refused",
                subject=_(
                    "%(app)s refused %(company)s", app=name, company=company.name
                ),
                text=_refused_text(name, company, destination, said, sender, firm),
                firm=firm,
            )


def _refused_text(
    name: str, company: Company, destination: str, said: str, sender: bool, firm: Firm
) -> str:
    what = (
        _("The sender of %(company)s is refused.", company=company.name)
        if sender
        else _("The address %(address)s is refused.", address=destination)
    )
    return "\n".join(
        (
            what,
            said,
            "",
            _("What goes there waits, nothing is lost. Correct it in Applications:"),
            f"{url_of(firm)}/apps",
            "",
        )
    )


def send_digests() -> int:
    """The day's list to the administrators of each firm that has something blocked,
    from eight o'clock on, once; gives how many firms were written to. Commits."""
    now = utc_now()
    if to_user_timezone(now).hour < DIGEST_HOUR:
        return 0
    firms = db.session.scalars(
        select(Delivery.firm_id).where(Delivery.state.in_(BLOCKED)).distinct()
    ).all()
    db.session.commit()
    return sum(_digest(firm_id, midnight(now)) for firm_id in firms)


def _digest(firm_id: uuid.UUID, since: datetime) -> bool:
    """Under the firm's lock, so that two workers write it once."""
    firm = db.session.scalars(
        select(Firm).where(Firm.id == firm_id).with_for_update()
    ).one()
    written = db.session.scalar(
        select(Notice.id)
        .where(
            Notice.firm_id == firm_id,
            Notice.kind == DIGEST,
            Notice.created_at >= since,
        )
        .limit(1)
    )
    is_due = written is None and firm.suspended_at is None
    if is_due:
        _write_digest(firm)
    db.session.commit()
    return is_due


def _write_digest(firm: Firm) -> None:
    blocked = db.session.execute(
        select(
            *(Company.name, Delivery.state, Delivery.reason),
            func.count().label("number"),
            func.min(Delivery.created_at).label("oldest"),
        )
        .join(Company, Company.id == Delivery.company_id)
        .where(Delivery.firm_id == firm.id, Delivery.state.in_(BLOCKED))
        .group_by(Company.name, Delivery.state, Delivery.reason)
        .order_by(func.min(Delivery.created_at))
    ).all()
    total = sum(row.number for row in blocked)
    for person in administrators(firm.id):
        with force_locale(person.locale):
            lines = [_line(row) for row in blocked[:MOST_LINES]]
            notify(
                person.email,
                kind=DIGEST,
                subject=ngettext(
                    "%(num)d document waits for you",
                    "%(num)d documents wait for you",
                    total,
                ),
                text="\n".join((*lines, "", f"{url_of(firm)}/deliveries?days=365", "")),
                firm=firm,
            )


def _line(row: Row[str, str, str | None, int, datetime]) -> str:
    oldest: datetime = row.oldest
    age = database_now() - oldest
    days = max(1, age // timedelta(days=1))
    return ngettext(
        "%(company)s: %(count)s, %(why)s, since %(num)d day",
        "%(company)s: %(count)s, %(why)s, since %(num)d days",
        days,
        company=row.name,
        count=row.number,
        why=_why(row.state, row.reason),
    )


def _why(state: str, reason: str | None) -> str:
    if state == "unknown":
        return _("uncertain")
    if state == "bounced":
        return _("refused by the tool")
    return reason_text(reason)
