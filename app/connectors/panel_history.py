"""What was done with an application: who, what, from what to what, when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from app.activity.models import Entry
from app.companies.models import Company
from app.connectors.catalogue import PartnerApp
from app.db import db
from app.people.models import Person
from app.texts import gettext as _, ngettext

SHOWN = 50
OF_A_ROW = ("connection_authorised", "connection_revoked", "destination_changed")


@dataclass(frozen=True)
class Line:
    at: datetime
    by: str
    what: str
    company: str
    before: str | None = None
    after: str | None = None


def history(
    app: PartnerApp, person: Person, company: Company | None = None
) -> list[Line]:
    """The newest lines, of the companies that the person may see."""
    wanted = _wanted(app)
    if company:
        wanted = wanted.where(Entry.company_id == company.id)
    elif not person.sees_every_company:
        visible = Company.visible_to(person).with_only_columns(
            Company.id, maintain_column_froms=True
        )
        wanted = wanted.where(
            Entry.company_id.is_(None) | Entry.company_id.in_(visible)
        )
    return [_line(app, *found) for found in db.session.execute(wanted.limit(SHOWN))]


def since(app: PartnerApp, company: Company, revision: int) -> list[Line]:
    """What became of the company's connection after that revision of it."""
    wanted = _wanted(app).where(
        Entry.company_id == company.id, Entry.verb.in_(OF_A_ROW)
    )
    return [
        _line(app, entry, name, company_name)
        for entry, name, company_name in db.session.execute(wanted.limit(20))
        if entry.details.get("revision", 0) > revision
    ]


def _wanted(app: PartnerApp) -> Select[Any, Any, Any]:
    return (
        select(Entry, Person.name, Company.name)
        .outerjoin(Person, Person.id == Entry.actor_id)
        .outerjoin(Company, Company.id == Entry.company_id)
        .where(
            Entry.is_firm_only.is_(True),
            Entry.document_id.is_(None),
            Entry.details["app"].as_string() == app.key,
        )
        .order_by(Entry.id.desc())
    )


def _line(app: PartnerApp, entry: Entry, name: str | None, company: str | None) -> Line:
    details = entry.details
    is_robot = entry.verb in {"address_refused", "sender_refused"}
    return Line(
        at=entry.at,
        by=name or (_("the automaton") if is_robot else ""),
        what=_what(app, entry.verb, details),
        company=company or "",
        before=details.get("before"),
        after=details.get("to"),
    )


def _what(app: PartnerApp, verb: str, details: dict[str, Any]) -> str:
    number = int(details.get("documents") or details.get("connections") or 0)
    counted = {
        "held_resumed": ngettext(
            "%(num)d waiting document released to the new address",
            "%(num)d waiting documents released to the new address",
            number,
        ),
        "held_cancelled": ngettext(
            "%(num)d waiting document not sent",
            "%(num)d waiting documents not sent",
            number,
        ),
        "refusal_cleared": ngettext(
            "refusal cleared, %(num)d document leaves again",
            "refusal cleared, %(num)d documents leave again",
            number,
        ),
        "bots_renewed": ngettext(
            "%(num)d connection got its new sender",
            "%(num)d connections got their new sender",
            number,
        ),
    }
    return counted.get(verb) or _plain(app, verb, details)


def _plain(app: PartnerApp, verb: str, details: dict[str, Any]) -> str:
    slot = app.slot(str(details.get("slot", "")))
    named = slot.name if slot and len(app.slots) > 1 else ""
    address = _("destination address")
    if named:
        address = _("destination address (%(slot)s)", slot=named)
    reply = str(details.get("reply", ""))
    known = {
        "app_adopted": _("application added"),
        "connection_authorised": _("access authorised"),
        "connection_revoked": _("access revoked"),
        "destination_changed": address,
        "duplicates_held": _("exact duplicates are held"),
        "duplicates_sent": _("exact duplicates are sent"),
        "separator_changed": _("separator of the senders"),
        "switch_on": _("folder switched on"),
        "switch_off": _("folder switched off"),
        "switch_inherit": _("folder follows the one above"),
        "address_refused": _("address refused: %(reply)s", reply=reply),
        "sender_refused": _("sender refused: %(reply)s", reply=reply),
    }
    return known.get(verb, verb.replace("_", " "))
