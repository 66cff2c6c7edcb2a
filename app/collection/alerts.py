"""Telling the firm's people at once that a mail waits for a look: one notice an hour to
each of them. What still waits is told once a day (`telling`)."""

from collections.abc import Iterable
from datetime import timedelta

from flask_babel import force_locale
from sqlalchemy import select

from app.collection.models import InboundMail
from app.companies.followers import staff_following
from app.db import database_now, db
from app.firms.hosts import url_of
from app.firms.models import Firm
from app.notices.models import Notice
from app.notices.writing import notify
from app.people.models import Person
from app.texts import gettext as _

KIND = "quarantine"
AT_MOST_EVERY = timedelta(hours=1)


def tell(mail: InboundMail) -> int:
    """To those who follow the company (or the whole firm, where it is nobody's); gives
    how many. Nobody of a suspended firm, which has no portal. The caller commits."""
    if mail.state != "quarantined" or mail.firm_id is None:
        return 0
    firm = db.session.scalars(
        # Whoever comes second waits here, and then sees the first one's notices.
        select(Firm).where(Firm.id == mail.firm_id).with_for_update(key_share=True)
    ).one()
    if firm.suspended_at:
        return 0
    readers = _without_told(firm, staff_following(mail.firm_id, mail.company_id))
    for person in readers:
        with force_locale(person.locale):
            notify(
                person.email,
                kind=KIND,
                subject=_("A mail to look at"),
                text=_text(mail, firm),
                firm=firm,
                company=mail.company,
            )
    return len(readers)


def _without_told(firm: Firm, people: Iterable[Person]) -> list[Person]:
    told = set(
        db.session.scalars(
            select(Notice.recipient).where(
                Notice.firm_id == firm.id,
                Notice.kind == KIND,
                Notice.created_at >= database_now() - AT_MOST_EVERY,
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
