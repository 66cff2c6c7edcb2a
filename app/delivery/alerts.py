"""Nothing final is silent: who is told, by mail, and when.

At once when a whole address or our sender is refused; else once a day, the list of
what waits for a person.
"""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from flask_babel import force_locale, to_user_timezone
from sqlalchemy import ColumnElement, exists, select

from app.alone import alone
from app.companies.followers import administrators, staff_following
from app.companies.models import Company
from app.connectors import apps
from app.connectors.models import Connection
from app.db import database_now, db, utc_now
from app.delivery import blocked
from app.delivery.blocked import Group
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
                company=company,
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
    """The day's list to the administrators of each firm that has something blocked, or
    that yesterday had something called off; from eight o'clock on, once. Gives how many
    firms were written to. Commits."""
    now = utc_now()
    if to_user_timezone(now).hour < DIGEST_HOUR:
        return 0
    today = midnight(now)
    firms = db.session.scalars(
        select(Firm.id).where(Firm.suspended_at.is_(None), ~_is_written(today))
    ).all()
    db.session.commit()
    written = 0
    for firm_id in firms:
        with alone(f"the digest of firm {firm_id}"):
            written += _digest(firm_id, today)
    return written


def _is_written(today: datetime) -> ColumnElement[bool]:
    return exists().where(
        Notice.firm_id == Firm.id, Notice.kind == DIGEST, Notice.created_at >= today
    )


def _digest(firm_id: uuid.UUID, today: datetime) -> bool:
    """Under the firm's lock, so that two workers write it once."""
    waiting, called_off = _lists(firm_id, today)
    if not waiting and not called_off:
        db.session.commit()
        return False
    firm = db.session.scalars(
        select(Firm).where(Firm.id == firm_id).with_for_update()
    ).one()
    # Once the lock is had: another worker may have written it meanwhile.
    is_due = not db.session.scalar(select(_is_written(today)).where(Firm.id == firm_id))
    for person in administrators(firm.id) if is_due else ():
        with force_locale(person.locale):
            _write_digest(firm, person.email, *_lists(firm_id, today))
    db.session.commit()
    return is_due


def _lists(firm_id: uuid.UUID, today: datetime) -> tuple[list[Group], list[Group]]:
    """What waits, and what was called off yesterday, in the language of the moment."""
    mine = blocked.of_firm(firm_id)
    yesterday = midnight(today - timedelta(hours=1))
    return blocked.blocked(mine), blocked.not_sent(yesterday, today, mine)


def _write_digest(
    firm: Firm, recipient: str, waiting: list[Group], called_off: list[Group]
) -> None:
    lines = _first_lines(waiting, _line)
    if called_off:
        lines += ["", _("Not sent, since yesterday:")]
        lines += _first_lines(called_off, _line_of_called_off)
    total = sum(group.number for group in waiting or called_off)
    subject = (
        ngettext(
            "%(num)d document waits for you", "%(num)d documents wait for you", total
        )
        if waiting
        else ngettext(
            "%(num)d document was not sent", "%(num)d documents were not sent", total
        )
    )
    notify(
        recipient,
        kind=DIGEST,
        subject=subject,
        text="\n".join((*lines, "", f"{url_of(firm)}/deliveries?days=365", "")),
        firm=firm,
    )


def _first_lines(groups: list[Group], line: Callable[[Group], str]) -> list[str]:
    """With how many documents those are of which there is no line."""
    lines = [line(group) for group in groups[:MOST_LINES]]
    if rest := sum(group.number for group in groups[MOST_LINES:]):
        more = ngettext("and %(num)d document more", "and %(num)d documents more", rest)
        lines.append(more)
    return lines


def _line(group: Group) -> str:
    days = max(1, (database_now() - group.oldest) // timedelta(days=1))
    return ngettext(
        "%(company)s: %(count)s, %(why)s, since %(num)d day",
        "%(company)s: %(count)s, %(why)s, since %(num)d days",
        days,
        company=group.company,
        count=group.number,
        why=group.why,
    )


def _line_of_called_off(group: Group) -> str:
    return _(
        "%(company)s: %(count)s, %(why)s",
        company=group.company,
        count=group.number,
        why=group.why,
    )
