"""The tree, kept down to the folders of a name: without accents nor case."""

import uuid

from sqlalchemy import select

from app.companies.models import Company
from app.db import db
from app.folding import folded, has_words
from app.library.models import Folder
from app.library.navigation import Node, ways_down
from app.library.tree import Sight, hidden_folders, ways_of
from app.people.models import Person
from app.typed import searched

MOST, LONGEST = 100, 100


def found(
    company: Company,
    words: list[str],
    here: uuid.UUID,
    sight: Sight,
    reader: Person | None = None,
) -> list[Node]:
    """Those whose name has all of these words, each with what it lies in."""
    ids = db.session.scalars(
        select(Folder.id)
        .where(
            Folder.company_id == company.id,
            Folder.trashed_at.is_(None),
            Folder.id.not_in(hidden_folders(company, sight)),
            *has_words(Folder.name, words),
        )
        .order_by(Folder.id)
        .limit(MOST)
    )
    ways = ways_of(set(ids)).values()
    return ways_down(company, ways, here, sight, reader)


def words_of(typed: str) -> list[str]:
    return folded(searched(typed, LONGEST)).split()
