"""What the operator decides for a firm, and whom the platform writes to at the makers.

Acts; the caller commits.
"""

import logging
from collections.abc import Mapping

from sqlalchemy import select

from app.activity.recording import record
from app.connectors import catalogue
from app.connectors.destinations import checked_address
from app.connectors.models import VendorContact
from app.db import db, utc_now
from app.errors import Refused
from app.firms.models import Firm
from app.people.models import Person

log = logging.getLogger(__name__)


def allow_adopting(firm: Firm, is_allowed: bool, *, by: Person) -> None:
    """Whether its administrators may add applications by themselves."""
    if firm.may_adopt_apps != is_allowed:
        firm.may_adopt_apps = is_allowed
        verb = "adopting_allowed" if is_allowed else "adopting_forbidden"
        record(verb, firm_id=firm.id, actor_id=by.id, firm_only=True)


def contacts() -> dict[str, str]:
    """Application's key → address."""
    return {row.app_key: row.email for row in db.session.scalars(select(VendorContact))}


def set_contacts(addresses: Mapping[str, str], *, by: Person) -> None:
    """Keep the makers' addresses; an empty one is forgotten.

    Raises Refused at the field of the application's key; nothing is changed then.
    """
    checked = {
        key: _checked(key, addresses[key])
        for key in catalogue.everything()
        if key in addresses
    }
    before = contacts()
    for key, email in checked.items():
        if email != before.get(key, ""):
            _set(key, email)
            log.info("contact of %s set to %r by %s", key, email, by.email)


def _checked(key: str, typed: str) -> str:
    if not typed.strip():
        return ""
    try:
        return checked_address(typed)
    except Refused as refusal:
        raise Refused(refusal.message, key) from refusal


def _set(key: str, email: str) -> None:
    row = db.session.get(VendorContact, key)
    if row is None:
        db.session.add(VendorContact(app_key=key, email=email))
    elif email:
        row.email, row.changed_at = email, utc_now()
    else:
        db.session.delete(row)
