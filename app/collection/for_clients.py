"""The addresses that a person may send documents to: those of folders that they may
deposit in themselves."""

from dataclasses import dataclass

from app.collection.addresses import Listed, listed
from app.collection.places import Place, day_of, places_of
from app.companies.models import Company
from app.db import utc_now
from app.library.finding import url_of
from app.library.models import Folder
from app.library.tree import Sight


@dataclass(frozen=True)
class ByMail:
    family: Folder  # that of the year, with months or without
    to: Folder  # where today's mail goes: the family's, or its month
    url: str
    address: str
    is_open: bool  # anybody may write there: suppliers too


def by_mail(company: Company, sight: Sight) -> list[ByMail]:
    """Their mail is taken there, and goes where the page says; none of an archived
    company."""
    if sight.is_frozen:
        return []
    rows = [one for one in listed(company) if one.address]
    if not sight.firm_side:
        rows = [one for one in rows if one.policy != "list"]
    wanted = [(one.family.prefix, one.row) for one in rows]
    places = places_of(company, wanted, day_of(utc_now()))
    pairs = zip(rows, places, strict=True)
    return [_shown(company, *pair) for pair in pairs if _is_open(pair[1], sight)]


def _is_open(place: Place, sight: Sight) -> bool:
    return (
        place.folder is not None
        and not place.warning
        and all(sight.allows(folder) for folder in place.way)
        and sight.may_deposit_in(place.way[-1])
    )


def _shown(company: Company, one: Listed, place: Place) -> ByMail:
    to = place.way[-1]
    family = next((f for f in reversed(place.way) if f.kind != "month"), to)
    url = url_of(company, to)
    return ByMail(family, to, url, one.address or "", one.policy == "open")
