"""«Demander une démonstration»: the firm asks to be shown an application.

The act; the caller commits.
"""

from flask_babel import to_user_timezone
from sqlalchemy.exc import IntegrityError

from app.activity.recording import record
from app.companies.followers import operators
from app.connectors.models import DemoRequest, VendorContact
from app.connectors.partner import PartnerApp
from app.db import db, utc_now
from app.errors import Refused
from app.firms.models import Firm
from app.notices.writing import notify
from app.people.models import Person
from app.texts import gettext as _


def ask(app: PartnerApp, firm: Firm, *, by: Person) -> list[str]:
    """Write to the maker's contact and to the operators; gives their addresses.

    Nothing, when the firm has already asked today. Raises Refused when there is nobody
    to write to.
    """
    recipients = _recipients(app)
    if not recipients:
        raise Refused(_("There is nobody to ask yet: no contact is known."))
    if not _noted(app, firm, by):
        return []
    for recipient in recipients:
        notify(
            recipient,
            kind="demo_request",
            subject=_(
                "%(firm)s asks for a demonstration of %(app)s",
                firm=firm.name,
                app=app.name,
            ),
            text=_text(app, firm, by),
            firm=firm,
            reply_to=by.email,
        )
    record(
        "demo_asked",
        firm_id=firm.id,
        actor_id=by.id,
        firm_only=True,
        app=app.key,
        recipients=recipients,
    )
    return recipients


def _recipients(app: PartnerApp) -> list[str]:
    contact = db.session.get(VendorContact, app.key)
    found = [contact.email] if contact else []
    return list(dict.fromkeys([*found, *(person.email for person in operators())]))


def _noted(app: PartnerApp, firm: Firm, by: Person) -> bool:
    """Whether it is the first time today, even when two ask at once."""
    now = utc_now()
    request = DemoRequest(
        firm_id=firm.id,
        app_key=app.key,
        asked_on=to_user_timezone(now).date(),
        asked_at=now,
        asked_by_id=by.id,
    )
    try:
        with db.session.begin_nested():
            db.session.add(request)
    except IntegrityError:
        return False
    return True


def _text(app: PartnerApp, firm: Firm, by: Person) -> str:
    return "\n".join(
        (
            _(
                "%(person)s, of %(firm)s, would like to be shown %(app)s.",
                person=by.name,
                firm=firm.name,
                app=app.name,
            ),
            "",
            _("Answer this mail to write to %(email)s.", email=by.email),
            "",
        )
    )
