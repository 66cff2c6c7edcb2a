"""What happened lately, for a person of the firm: one line for what one person did
again and again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, select

from app.activity.icons import ICONS
from app.activity.models import Entry
from app.companies.models import Company
from app.db import db, utc_now
from app.people.models import Person
from app.texts import ngettext

LATELY = timedelta(days=7)
READ = 300
SHOWN = 12
TOGETHER = timedelta(minutes=15)
TOLD = (
    *("deposited", "replaced", "moved", "renamed", "copied"),
    *("trashed", "restored", "validated", "transmitted"),
)


@dataclass
class FeedLine:
    at: datetime  # of the newest
    verb: str
    who: str  # empty for the automaton
    company: str
    url: str
    number: int = 1

    @property
    def icon(self) -> str:
        return ICONS[self.verb]

    @property
    def text(self) -> str:
        """What was done, after the name of who did it."""
        return {
            "deposited": ngettext(
                "deposited %(num)d document",
                "deposited %(num)d documents",
                self.number,
            ),
            "replaced": ngettext(
                "replaced %(num)d document", "replaced %(num)d documents", self.number
            ),
            "moved": ngettext(
                "moved %(num)d document", "moved %(num)d documents", self.number
            ),
            "renamed": ngettext(
                "renamed %(num)d document", "renamed %(num)d documents", self.number
            ),
            "copied": ngettext(
                "copied %(num)d document", "copied %(num)d documents", self.number
            ),
            "trashed": ngettext(
                "put %(num)d document in the trash",
                "put %(num)d documents in the trash",
                self.number,
            ),
            "restored": ngettext(
                "restored %(num)d document", "restored %(num)d documents", self.number
            ),
            "validated": ngettext(
                "validated %(num)d document", "validated %(num)d documents", self.number
            ),
            "transmitted": ngettext("%(num)d sent", "%(num)d sent", self.number),
        }[self.verb]


def feed(which: ColumnElement[bool], most: int = SHOWN) -> list[FeedLine]:
    """Newest first, of those entries. One query."""
    rows = db.session.execute(
        select(Entry, Person.name, Company.name, Company.slug)
        .join(Company, Company.id == Entry.company_id)
        .outerjoin(Person, Person.id == Entry.actor_id)
        .where(
            which,
            Entry.verb.in_(TOLD),
            Entry.at >= utc_now() - LATELY,
        )
        .order_by(Entry.at.desc(), Entry.id.desc())
        .limit(READ)
    )
    lines: list[FeedLine] = []
    for line in _lines(rows):
        last = lines[-1] if lines else None
        if last and _goes_with(line, last):
            last.number += 1
        elif len(lines) == most:
            break
        else:
            lines.append(line)
    return lines


def _lines(rows: Iterable[Any]) -> Iterator[FeedLine]:
    for entry, person, company, slug in map(tuple, rows):
        if entry.verb == "validated" and not person:
            continue  # told as sent already
        who = person or entry.details.get("by") or ""
        if entry.verb == "transmitted":
            who = ""  # by the automaton, whoever asked for the run
        url = url_for("library.root", slug=slug)
        yield FeedLine(entry.at, entry.verb, who, company, url)


def _goes_with(line: FeedLine, last: FeedLine) -> bool:
    same = (line.verb, line.who, line.company) == (last.verb, last.who, last.company)
    return same and last.at - line.at <= TOGETHER
