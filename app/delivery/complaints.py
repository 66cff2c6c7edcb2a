"""The other side called a message of ours unwanted: a line in the trail, and a mail to
the staff. Nothing else changes: the tool has the document."""

from flask_babel import force_locale

from app.companies.followers import staff_following
from app.companies.models import Company
from app.connectors import apps
from app.db import db
from app.delivery.models import Delivery
from app.delivery.noting import note
from app.firms.hosts import url_of
from app.firms.models import Firm
from app.notices.writing import notify
from app.texts import gettext as _


def tell(delivery: Delivery, said: str) -> None:
    """Write it down; the caller commits."""
    firm = db.session.get_one(Firm, delivery.firm_id)
    company = db.session.get_one(Company, delivery.company_id)
    key = delivery.connection.app_key
    app = apps.find(key)
    note("complained", delivery, reply=said[:300])
    for person in staff_following(firm.id, company.id):
        with force_locale(person.locale):
            notify(
                person.email,
                kind="complaint",
                subject=_(
                    "%(app)s called a message of %(company)s unwanted",
                    app=app.name if app else key,
                    company=company.name,
                ),
                text="\n".join((_text(delivery), said, "", _link(delivery, firm), "")),
                firm=firm,
                company=company,
            )


def _text(delivery: Delivery) -> str:
    return _(
        "The address %(address)s reported a message as unwanted. If that goes on, it "
        "may refuse the next ones: check the sender in the tool.",
        address=delivery.destination or "",
    )


def _link(delivery: Delivery, firm: Firm) -> str:
    return f"{url_of(firm)}/deliveries/{delivery.id}"
