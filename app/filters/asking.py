"""What a page's query string asks for, without what means nothing there."""

from collections.abc import Mapping

from flask import url_for
from flask_login import current_user

from app.filters.models import SavedFilter
from app.firms.desk import wanted_from
from app.search.asking import asked_from

ADDRESSES = {"desk": "firms.home", "search": "search.index"}


def canonical(page: str, given: Mapping[str, str]) -> dict[str, str]:
    """Empty when nothing is narrowed."""
    if page == "desk":
        return wanted_from(given).query()
    return asked_from(given, firm_side=current_user.is_firm_side).query()


def url_of(page: str, query: Mapping[str, str]) -> str:
    return url_for(ADDRESSES[page], _external=False, **_named(query))


def address_of(kept: SavedFilter) -> str:
    """The page, narrowed by it: read anew, for what it meant may be gone."""
    return url_of(kept.page, canonical(kept.page, kept.query))


def _named(query: Mapping[str, str]) -> dict[str, str]:
    """Flask's own words are never a filter's."""
    return {name: value for name, value in query.items() if not name.startswith("_")}
