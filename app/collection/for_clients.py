"""The addresses that a client may send documents to: those of folders that they may
deposit in themselves."""

from dataclasses import dataclass

from flask import url_for

from app.collection.addresses import Listed, listed
from app.collection.places import Place, day_of, places_of
from app.companies.models import Company
from app.db import utc_now
from app.library.models import Folder
from app.library.tree import Sight


@dataclass(frozen=True)
class ByMail:
    folder: str
    url: str
    address: str
    is_open: bool  # anybody may write there: suppliers too


def by_mail(company: Company, sight: Sight) -> list[ByMail]:
    """Their mail is taken there, and goes where the page says; none of an archived
    company."""
    if sight.is_frozen:
        return []
    rows = [one for one in listed(company) if one.address and one.policy != "list"]
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
    named = next((f for f in reversed(place.way) if f.kind != "month"), place.way[-1])
    url = _url(company, place.way[-1])
    return ByMail(named.name, url, one.address or "", one.policy == "open")


def _url(company: Company, folder: Folder) -> str:
    return url_for("library.show", slug=company.slug, folder_id=folder.id)
