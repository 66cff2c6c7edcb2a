"""The history of a document as a person may read it.

A client reads a validation by its date alone: the hour of a run would tell.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.activity.models import Entry
from app.db import db
from app.library.models import Document
from app.people.models import Person
from app.texts import gettext as _


@dataclass(frozen=True)
class Line:
    at: datetime
    text: str
    by_day_only: bool = False


def history(document: Document, *, firm_side: bool) -> list[Line]:
    wanted = (
        select(Entry, Person.name)
        .outerjoin(Person, Person.id == Entry.actor_id)
        .where(Entry.document_id == document.id)
        .order_by(Entry.id)
    )
    if not firm_side:
        wanted = wanted.where(Entry.is_firm_only.is_(False))
    lines = (
        _line(entry, name, firm_side)
        for entry, name in db.session.execute(wanted)
        # One that was taken back is not told to a client: it reads as Reçu again.
        if firm_side or entry.verb != "validated" or document.status == "validated"
    )
    return [line for line in lines if line]


def _line(entry: Entry, name: str | None, firm_side: bool) -> Line | None:
    if entry.verb == "deposited":
        who = name or entry.details.get("by") or ""
        return Line(entry.at, _("Deposited by %(name)s", name=who))
    if told := act_text(entry.verb):
        return Line(entry.at, f"{told} ({name})" if name else told)
    if entry.verb == "validated":
        if firm_side:
            by = name or _("the automaton, on acceptance")
            return Line(entry.at, _("Validated by %(name)s", name=by))
        return Line(entry.at, _("Validated by your firm"), by_day_only=True)
    text = _of_the_firm(entry) if firm_side else None
    return Line(entry.at, text) if text else None


def _of_the_firm(entry: Entry) -> str | None:
    """What a client is never told."""
    told = entry.details
    return {
        "transmitted": _("Sent to %(address)s", address=told.get("destination", "")),
        "delivered": _("Received by the tool"),
        "complained": _("Reported as unwanted"),
        "bounced": _("Refused: %(text)s", text=told.get("reply", "")),
        "validation_taken_back": _("The validation was taken back"),
    }.get(entry.verb)


def act_text(verb: str) -> str:
    """Acts on the library, the same for everybody; empty for any other verb."""
    return {
        "copied": _("Copied here"),
        "moved": _("Moved"),
        "renamed": _("Renamed"),
        "replaced": _("Replaced by a new version"),
        "pages_edited": _("Pages changed: a new version"),
        "split": _("Split into several documents"),
        "merged": _("Put together with others in one document"),
        "trashed": _("Moved to the trash"),
        "restored": _("Restored from the trash"),
    }.get(verb, "")
