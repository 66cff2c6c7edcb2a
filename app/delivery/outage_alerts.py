"""The operators are written to when no message leaves any more, and when they do again.

The notice goes by the same server: it waits in the outbox with the rest when that is
away. So it is logged as an error, too.
"""

import logging
from datetime import datetime

from flask_babel import force_locale

from app.companies.followers import operators
from app.delivery.models import Outage
from app.formats import fulltime
from app.notices.writing import notify
from app.texts import gettext as _

log = logging.getLogger(__name__)
KIND = "mail_outage"


def tell_out(outage: Outage) -> None:
    """In the transaction that notes it."""
    log.error("no message leaves since %s: %s", outage.began_at, outage.said)
    for person in operators():
        with force_locale(person.locale):
            subject = (
                _("The mail server refuses our credentials")
                if outage.is_credentials
                else _("The mail server does not answer")
            )
            since = _("Since %(time)s:", time=fulltime(outage.began_at))
            rest = _("Nothing is lost: what is due leaves by itself once it is back.")
            text = "\n".join((since, outage.said, "", rest, ""))
            notify(person.email, kind=KIND, subject=subject, text=text, firm=None)


def tell_back(since: datetime, until: datetime) -> None:
    """In the transaction that ends it."""
    for person in operators():
        with force_locale(person.locale):
            subject = _("The mail server takes messages again")
            text = _(
                "It was away from %(since)s to %(until)s. What was due is leaving now.",
                since=fulltime(since),
                until=fulltime(until),
            )
            notify(
                person.email, kind=KIND, subject=subject, text=f"{text}\n", firm=None
            )
