"""A person's filters of a page: listed, saved, renamed, removed. Acts; the caller
commits."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.db import db
from app.errors import Refused
from app.filters.models import SavedFilter
from app.people.models import Person
from app.texts import gettext as _
from app.typed import one_line

MOST = 20  # of a person, for one page
LONGEST_NAME = 60


def filters_of(person: Person, page: str) -> list[SavedFilter]:
    """In the order of their names."""
    return list(
        db.session.scalars(
            select(SavedFilter)
            .where(SavedFilter.person_id == person.id, SavedFilter.page == page)
            .order_by(func.lower(SavedFilter.name), SavedFilter.id)
        )
    )


def one_of(person: Person, filter_id: uuid.UUID) -> SavedFilter | None:
    return db.session.scalar(
        select(SavedFilter).where(
            SavedFilter.id == filter_id, SavedFilter.person_id == person.id
        )
    )


def save(person: Person, page: str, name: str, query: dict[str, Any]) -> SavedFilter:
    """Under a name that none of theirs has. Raises Refused."""
    name = checked_name(name)
    if not query:
        raise Refused(_("Nothing is filtered: there is nothing to keep."), "name")
    known = filters_of(person, page)
    if len(known) >= MOST:
        raise Refused(
            _("At most %(most)s filters: delete one of them first.", most=MOST), "name"
        )
    made = SavedFilter(
        firm_id=person.firm_id, person_id=person.id, page=page, name=name, query=query
    )
    with _checked(made):
        db.session.add(made)
    return made


def rename(kept: SavedFilter, name: str) -> None:
    name = checked_name(name)
    with _checked(kept):
        kept.name = name


def checked_name(typed: str) -> str:
    name = one_line(typed)
    if not name:
        raise Refused(_("Give the filter a name."), "name")
    if len(name) > LONGEST_NAME:
        raise Refused(_("At most %(most)s characters.", most=LONGEST_NAME), "name")
    return name


@contextmanager
def _checked(kept: SavedFilter) -> Iterator[None]:
    """Written down, unless another has that name: raises Refused then. Of two at once,
    the second is told here."""
    try:
        with db.session.begin_nested():
            yield
    except IntegrityError:
        is_taken = True
    else:
        others = select(SavedFilter.id).where(
            SavedFilter.person_id == kept.person_id,
            SavedFilter.page == kept.page,
            func.lower(SavedFilter.name) == kept.name.lower(),
            SavedFilter.id != kept.id,
        )
        is_taken = db.session.scalar(others.limit(1)) is not None
    if is_taken:
        raise Refused(_("You have a filter of this name already."), "name")
