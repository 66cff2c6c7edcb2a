"""Where a firm's documents leave the house: what an address must be, and who is told.

Checks and words only; `connecting` changes them.
"""

import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import func, select

from app.companies.followers import administrators
from app.companies.models import Company
from app.connectors.catalogue import PartnerApp, Slot
from app.connectors.models import Connection, Destination
from app.db import db
from app.errors import Refused
from app.firms.models import Firm
from app.notices.writing import notify
from app.people.models import Person
from app.texts import gettext as _

LONGEST = 254  # RFC 5321, 4.5.3.1.3
LONGEST_NAME = 64  # RFC 5321, 4.5.3.1.1
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


@dataclass(frozen=True)
class Change:
    """An address that is not what it was; `before` is None for a first one."""

    company: Company
    slot: Slot
    before: str | None
    after: str


def checked_address(raw: str, ours: Collection[str] | None = None) -> str:
    """The address, trimmed, its domain in small letters. Raises Refused saying what
    is wrong with it, at the field `destination`.

    `ours`: `own_domains()`, for whoever checks many at once.
    """
    address = raw.strip()
    if problem := _problem(address, ours):
        raise Refused(problem, "destination")
    name, _at, domain = address.rpartition("@")
    return f"{name}@{domain.lower()}"


def _problem(address: str, ours: Collection[str] | None) -> str | None:
    if not address:
        return _("Paste the collection address of the tool.")
    if len(address) > LONGEST or len(address.rpartition("@")[0]) > LONGEST_NAME:
        return _("This address is too long.")
    if re.search(r"[,;]", address):
        return _("Only one address here: without comma nor semicolon.")
    if re.search(r"\s", address):
        return _("An address has no spaces.")
    return _misspelt(address) or _leads_to_us(address, ours)


def _misspelt(address: str) -> str | None:
    if not address.isascii():
        return _("An address has no accents nor special letters.")
    if "@" not in address:
        example = "dupont-maconnerie@qbodocs.com"
        return _("The @ sign is missing. Example: %(example)s", example=example)
    if address.count("@") > 1:
        return _("There is more than one @ sign.")
    if not _ADDRESS.fullmatch(address):
        return _("This is not an e-mail address.")
    return None


def _leads_to_us(address: str, ours: Collection[str] | None) -> str | None:
    ours = own_domains() if ours is None else ours
    if address.rpartition("@")[2].lower() in ours:
        return _("This address is one of ours: documents would come back.")
    return None


def own_domains() -> set[str]:
    """Every domain of our bots and collection addresses, whatever the firm."""
    everywhere = {"across_firms": True}
    companies = select(Company.mail_domain).distinct()
    found = {
        *db.session.scalars(companies.execution_options(**everywhere)),
        *db.session.scalars(select(Firm.mail_domain)),
    }
    return {current_app.config["MAIL_DOMAIN"], *(d.lower() for d in found if d)}


def doubts(company: Company, slot: Slot, address: str, *, by: Person) -> list[str]:
    """What the person should look at twice before saving this (checked) address.

    A company that they may not see is not named.
    """
    seen = set(db.session.scalars(Company.visible_to(by).with_only_columns(Company.id)))
    return strange_domain(slot, address) + [
        _("%(company)s has the same address.", company=name)
        if company_id in seen
        else _("Another company of the firm has the same address.")
        for company_id, name in _others_with(company, address)
    ]


def strange_domain(slot: Slot, address: str) -> list[str]:
    domain = address.rpartition("@")[2]
    if not slot.usual_domain or domain == slot.usual_domain:
        return []
    return [
        _(
            "The usual domain is %(usual)s, this one is %(domain)s.",
            usual=slot.usual_domain,
            domain=domain,
        )
    ]


def _others_with(company: Company, address: str) -> list[tuple[uuid.UUID, str]]:
    found = db.session.execute(
        select(Company.id, Company.name)
        .join(Connection, Connection.company_id == Company.id)
        .join(Destination, Destination.connection_id == Connection.id)
        .where(
            Company.id != company.id,
            Company.firm_id == company.firm_id,
            func.lower(Destination.address) == address.lower(),
        )
        .order_by(Company.name)
        .distinct()
        .limit(3)
    )
    return [(company_id, name) for company_id, name in found]


def tell_admins(app: PartnerApp, changes: list[Change], *, by: Person) -> None:
    """Write to the firm's administrators what changed, from what to what, and by whom.

    One mail for all the changes of one act.
    """
    if not changes:
        return
    firm_id = changes[0].company.firm_id
    firm = db.session.get_one(Firm, firm_id)
    lines = [_line(app, change) for change in changes]
    for person in administrators(firm_id):
        notify(
            person.email,
            kind="destination_changed",
            subject=_("%(app)s: a destination address has changed", app=app.name),
            text=_text(app, lines, by),
            firm=firm,
        )


def _line(app: PartnerApp, change: Change) -> str:
    name = change.company.name
    if len(app.slots) > 1:
        name = f"{name} ({change.slot.name})"
    before = change.before or _("no address")
    return _(
        "%(name)s: %(before)s → %(after)s",
        name=name,
        before=before,
        after=change.after,
    )


def _text(app: PartnerApp, lines: list[str], by: Person) -> str:
    return "\n".join(
        (
            _(
                "%(person)s changed where documents are sent by %(app)s:",
                person=by.name,
                app=app.name,
            ),
            "",
            *lines,
            "",
            _("If this was not agreed, revoke the access in Applications at once."),
            "",
        )
    )
