"""The history of a document as a person may read it.

A client reads a validation by its date alone: the hour of a run would tell. Of what
was done while it lay in a folder that they do not see, they read what they did.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.activity.icons import ICONS
from app.activity.models import Entry
from app.db import db
from app.library.models import Document
from app.people.models import Person
from app.texts import gettext as _


@dataclass(frozen=True)
class Line:
    at: datetime
    verb: str
    text: str
    by_day_only: bool = False
    channel: str = ""  # how it came, in a word
    is_firm_only: bool = False

    @property
    def icon(self) -> str:
        return ICONS[self.verb]


def history(
    document: Document,
    *,
    firm_side: bool,
    reader: Person,
    hidden: Collection[uuid.UUID] = (),
) -> list[Line]:
    """`hidden`: the folders that the reader does not see."""
    wanted = (
        select(Entry, Person.name)
        .outerjoin(Person, Person.id == Entry.actor_id)
        .where(Entry.document_id == document.id)
        .order_by(Entry.id)
    )
    if not firm_side:
        wanted = wanted.where(Entry.is_firm_only.is_(False))
    found: Told = [(entry, name) for entry, name in db.session.execute(wanted)]
    if not firm_side:
        found = _as_told(_in_sight(found, reader, hidden), document)
    lines = (_line(entry, name, firm_side) for entry, name in found)
    return [line for line in lines if line]


Told = list[tuple[Entry, str | None]]


def _in_sight(found: Told, reader: Person, hidden: Collection[uuid.UUID]) -> Told:
    """What was done where the reader sees it, and what they did. Of a validation they
    read the day alone, wherever the document lay."""
    seen: Told = []
    is_hidden, unseen = False, {str(folder_id) for folder_id in hidden}
    for entry, name in found:
        if folder := entry.details.get("folder"):
            is_hidden = folder in unseen
        is_own = entry.actor_id == reader.id
        if not is_hidden or is_own or entry.verb == "validated":
            seen.append((entry, name))
    return seen


def _as_told(found: Told, document: Document) -> Told:
    """Of validations, the client reads the one that holds: one that was taken back
    reads as Reçu again."""
    held = [entry.id for entry, _name in found if entry.verb == "validated"]
    last = held[-1] if held and document.status == "validated" else None
    return [
        (entry, name)
        for entry, name in found
        if entry.verb != "validated" or entry.id == last
    ]


def _line(entry: Entry, name: str | None, firm_side: bool) -> Line | None:
    if entry.verb == "validated" and not firm_side:
        text = _("Validated by your firm")
        return Line(entry.at, entry.verb, text, by_day_only=True)
    told = _text(entry, name, firm_side)
    if not told:
        return None
    channel = channel_word(entry.details.get("channel", ""))
    return Line(
        entry.at, entry.verb, told, channel=channel, is_firm_only=entry.is_firm_only
    )


def _text(entry: Entry, name: str | None, firm_side: bool) -> str | None:
    if entry.verb == "deposited":
        who = name or entry.details.get("by") or ""
        return _("Deposited by %(name)s", name=who)
    if told := act_text(entry.verb):
        told = f"{told} ({name})" if name else told
        before = entry.details.get("before")
        if entry.verb == "renamed" and before:
            return _("%(told)s: it was “%(before)s”", told=told, before=before)
        return told
    if entry.verb == "validated":
        by = name or _("the automaton, on acceptance")
        return _("Validated by %(name)s", name=by)
    if entry.verb == "refused":
        return _refused(entry, name, firm_side)
    return _of_the_firm(entry, name) if firm_side else None


def _refused(entry: Entry, name: str | None, firm_side: bool) -> str:
    reason = entry.details.get("reason", "")
    if firm_side:
        who = name or _("a person")
        return _("Refused by %(name)s: “%(reason)s”", name=who, reason=reason)
    return _("Refused by your firm: “%(reason)s”", reason=reason)


def channel_word(channel: str) -> str:
    return {
        "web": _("site"),
        "phone": _("phone"),
        "mail": _("e-mail"),
        "firm": _("firm"),
        "api": _("programme"),
    }.get(channel, "")


def _of_the_firm(entry: Entry, name: str | None) -> str | None:
    """What a client is never told."""
    told = entry.details
    if entry.verb == "came_by_mail":
        sender = told.get("sender") or _("unknown sender")
        return _(
            "Received by e-mail from %(sender)s, filed by %(name)s",
            sender=sender,
            name=name or _("a person"),
        )
    text = {
        "transmitted": _("Sent to %(address)s", address=told.get("destination", "")),
        "delivered": _("Received by the tool"),
        "complained": _("Reported as unwanted"),
        "bounced": _("Refused: %(text)s", text=told.get("reply", "")),
        "validation_taken_back": _("The validation was taken back"),
    }.get(entry.verb)
    return f"{text} ({name})" if text and name else text


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
        "refusal_taken_back": _("The refusal was taken back"),
        "described": _("Description or piece number changed"),
        "commented": _("Commented"),
        "comment_removed": _("A comment was removed"),
    }.get(verb, "")
