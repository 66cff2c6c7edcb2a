"""What the pane of a folder tells: by which address documents come here, and for the
firm who of the client sees it and what happened lately."""

from dataclasses import dataclass

from sqlalchemy import select

from app.activity.feed import FeedLine, feed
from app.activity.models import Entry
from app.collection.for_clients import ByMail, by_mail
from app.companies.managers import members_of
from app.library.finding import Place
from app.library.models import Document
from app.library.tree import sight_of
from app.people.models import Person

LINES = 5


@dataclass(frozen=True)
class Facts:
    by_mail: ByMail | None
    is_here: bool  # what comes today comes into this very folder
    seen_by: list[Person]  # of the client
    lines: list[FeedLine]


def facts_of(place: Place) -> Facts:
    """The address is that of the nearest folder on the way down to this one."""
    by_family = {one.family.id: one for one in by_mail(place.company, place.sight)}
    near = [by_family[f.id] for f in reversed(place.path) if f.id in by_family]
    found = near[0] if near else None
    is_here = found is not None and found.to.id == place.folder.id
    if not place.sight.firm_side:
        return Facts(found, is_here, [], [])
    return Facts(found, is_here, _who_sees(place), _lately(place))


def _who_sees(place: Place) -> list[Person]:
    members = members_of(place.company)
    sights = {m.role: sight_of(m.role, place.company) for m in members}
    may = {role: all(map(sight.allows, place.path)) for role, sight in sights.items()}
    return [member.person for member in members if may[member.role]]


def _lately(place: Place) -> list[FeedLine]:
    here = select(Document.id).where(Document.folder_id == place.folder.id)
    of_company = Entry.company_id == place.company.id
    return feed(of_company & Entry.document_id.in_(here), LINES)
