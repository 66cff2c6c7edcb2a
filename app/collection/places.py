"""The folder that mail goes to: the family's in the fiscal year of the day, and there
the month of the day where it has months. Where there is none, «À classer».
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.collection.families import families_of
from app.collection.models import CollectionAddress
from app.companies.models import Company, FiscalYear
from app.db import db
from app.library.models import Folder
from app.library.shortcuts import year_on
from app.library.tree import chain, ways_of
from app.library.year_folders import folder_of, month_of

INBOX = "inbox"
EVERYWHERE = {"across_firms": True}
PARIS = ZoneInfo("Europe/Paris")

Way = list[Folder]  # root first
# A family's prefix, with the row of its address where there is one.
Wanted = tuple[str, CollectionAddress | None]


@dataclass(frozen=True)
class Place:
    """Where mail goes; nowhere when there is not even an inbox. `warning` says why it
    is not where the rule would have it."""

    way: Way = field(default_factory=list)
    warning: str = ""

    @property
    def folder(self) -> Folder | None:
        return self.way[-1] if self.way else None


def day_of(moment: datetime) -> date:
    """As it was at the firm."""
    return moment.astimezone(PARIS).date()


def place_for(address: CollectionAddress, day: date) -> Folder | None:
    """None when there is not even an inbox: a person is asked then."""
    company = db.session.get_one(
        Company, address.company_id, execution_options=EVERYWHERE
    )
    [place] = places_of(company, [(address.family, address)], day)
    return place.folder


def by_kind(company: Company, kind: str, day: date) -> Folder | None:
    """The company's folder of that kind for the day, else its inbox."""
    tree = _Tree(company, {kind, INBOX}, day)
    place = tree.place(kind)
    if place.folder:
        tree.add_months([place])
    return place.folder


def places_of(company: Company, wanted: Sequence[Wanted], day: date) -> list[Place]:
    """For each of these; the tree is read once for all."""
    chosen = [_chosen(company, row) for _prefix, row in wanted]
    kinds = {f.prefix: f.folder_kind for f in families_of(company.firm_id)}
    led = [kinds.get(prefix, INBOX) for prefix, _row in wanted]
    tree = _Tree(company, {*led, INBOX}, day)
    by_rule = [tree.place(kind) for kind in led]
    tree.add_months([place for place in by_rule if place.folder])
    found = []
    for mine, place, (_prefix, row) in zip(chosen, by_rule, wanted, strict=True):
        is_gone = row is not None and row.folder_id is not None
        warning = "chosen_gone" if is_gone else place.warning
        found.append(mine or Place(place.way, warning))
    return found


def _chosen(company: Company, row: CollectionAddress | None) -> Place | None:
    """By hand, for this address alone; None where that folder is not alive."""
    if row is None or row.folder_id is None:
        return None
    way = chain(row.folder_id, company.id)
    return Place(way) if way else None


class _Tree:
    """What there is of a company's tree for some kinds of folders on that day."""

    def __init__(self, company: Company, kinds: set[str], day: date) -> None:
        self.day = day
        self.ways = _ways(company, kinds)
        self.year: FiscalYear | None = year_on(company, day)
        self.year_folder = folder_of(self.year) if self.year else None

    def place(self, kind: str) -> Place:
        way, warning = self._by_kind(kind)
        if not way and kind != INBOX:
            way, _none = self._by_kind(INBOX)
        return Place(list(way), warning if way else "no_inbox")

    def _by_kind(self, kind: str) -> tuple[Way, str]:
        """In the fiscal year of the day, else outside of every year; and why there is
        none."""
        ways = [way for way in self.ways if way[-1].kind == kind]
        outside = [way for way in ways if not _is_in_a_year(way)]
        if outside and len(outside) == len(ways):
            return outside[0], ""
        # One that was taken out of a year is still that year's.
        outside = [way for way in outside if not way[-1].moved_at]
        of_year = [way for way in ways if self.year_folder and self.year_folder in way]
        if found := of_year or outside:
            return found[0], ""
        return [], self._why_none(is_yearly=bool(ways))

    def _why_none(self, *, is_yearly: bool) -> str:
        """`is_yearly`: there is such a folder in some year."""
        if self.year_folder:
            return "no_year_folder" if self.year_folder.trashed_at else "no_folder"
        if not is_yearly:
            return "no_folder"
        return "no_year_folder" if self.year else "no_year"

    def add_months(self, places: list[Place]) -> None:
        """To the way of each that has months in the year of the day."""
        if self.year is None or self.year_folder is None:
            return
        inside = [place for place in places if self.year_folder in place.way]
        parents = {place.way[-1].id for place in inside}
        found = db.session.scalars(
            select(Folder)
            .where(Folder.parent_id.in_(parents), Folder.kind == "month")
            .order_by(Folder.position)
        ).all()
        for place in inside:
            months = [m for m in found if m.parent_id == place.way[-1].id]
            if month := month_of(months, self.year, self.day):
                place.way.append(month)


def _ways(company: Company, kinds: set[str]) -> list[Way]:
    """To every living one of these kinds, first those that stand where they began."""
    ids = db.session.scalars(
        select(Folder.id)
        .where(
            Folder.company_id == company.id,
            Folder.kind.in_(kinds),
            Folder.trashed_at.is_(None),
        )
        .order_by(Folder.moved_at.is_not(None), Folder.position, Folder.id)
    ).all()
    ways = ways_of(set(ids)) if ids else {}
    return [ways[i] for i in ids if not any(folder.trashed_at for folder in ways[i])]


def _is_in_a_year(way: Way) -> bool:
    return any(folder.kind == "fiscal_year" for folder in way)
