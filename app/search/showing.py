"""A page of hits: each with its way, and with what it was found by."""

import uuid
from dataclasses import dataclass, field

from flask import url_for
from flask_login import current_user
from sqlalchemy import select

from app.companies.models import Company
from app.db import db
from app.library.finding import url_of
from app.library.listing import Row, rows_of
from app.library.models import Document, Folder
from app.library.tree import Sight, ways_of
from app.search import finding, marking, naming
from app.search.asking import Asked
from app.search.marking import Pieces
from app.search.models import SearchEntry
from app.search.rights import Realm

ROWS = 50
SUGGESTED, FOLDERS, COMPANIES = 8, 6, 4


@dataclass(frozen=True)
class Hit:
    row: Row
    name: Pieces
    company: Company
    way: list[tuple[str, str]]  # names of folders with their addresses, from the top
    excerpt: Pieces


@dataclass(frozen=True)
class Place:
    """A folder or a company that was found."""

    name: Pieces
    url: str
    company: Company
    way: list[str] = field(default_factory=list)
    is_folder: bool = True


@dataclass(frozen=True)
class Found:
    hits: list[Hit]
    places: list[Place]
    total: int | None = None
    total_is_floor: bool = False
    after: uuid.UUID | None = None  # behind which there are more


def results(asked: Asked, realm: Realm) -> Found:
    page = finding.page(asked, realm, ROWS)
    folders = [] if asked.after or asked.is_narrowed else _folders(asked, realm)
    return Found(
        hits=_hits(page.documents, asked, with_text=True),
        places=folders,
        total=None if asked.after else page.total,
        total_is_floor=page.total_is_floor,
        after=page.documents[-1].id if page.has_more else None,
    )


def suggestions(asked: Asked, realm: Realm) -> Found:
    """A few of each kind, while the person types."""
    page = finding.page(asked, realm, SUGGESTED)
    return Found(
        hits=_hits(page.documents, asked, with_text=False),
        places=[*_folders(asked, realm), *_companies(asked, realm)],
    )


def _hits(documents: list[Document], asked: Asked, *, with_text: bool) -> list[Hit]:
    rows = rows_of(documents, Sight(firm_side=current_user.is_firm_side))
    companies = _companies_of(documents)
    ways = ways_of({document.folder_id for document in documents})
    wanted = marking.pattern(asked.words)
    unnamed = [d.id for d in documents if not marking.has_all(d.name, asked.words)]
    texts = _texts(unnamed) if with_text else {}
    return [
        Hit(
            row=row,
            name=marking.marked(row.name, wanted),
            company=companies[document.company_id],
            way=[
                (folder.name, url_of(companies[document.company_id], folder))
                for folder in ways[document.folder_id]
            ],
            excerpt=marking.excerpt(texts.get(document.id, ""), wanted),
        )
        for document, row in zip(documents, rows, strict=True)
    ]


def _texts(ids: list[uuid.UUID]) -> dict[uuid.UUID, str]:
    wanted = select(SearchEntry.document_id, SearchEntry.content)
    rows = db.session.execute(wanted.where(SearchEntry.document_id.in_(ids)))
    return {row.document_id: row.content for row in rows}


def _companies_of(things: list[Document] | list[Folder]) -> dict[uuid.UUID, Company]:
    ids = {thing.company_id for thing in things}
    found = db.session.scalars(select(Company).where(Company.id.in_(ids)))
    return {company.id: company for company in found}


def _folders(asked: Asked, realm: Realm) -> list[Place]:
    folders = naming.folders(asked, realm, FOLDERS)
    companies = _companies_of(folders)
    ways = ways_of({folder.id for folder in folders})
    wanted = marking.pattern(asked.words)
    return [
        Place(
            name=marking.marked(folder.name, wanted),
            url=url_of(companies[folder.company_id], folder),
            company=companies[folder.company_id],
            way=[above.name for above in ways[folder.id][:-1]],
        )
        for folder in folders
    ]


def _companies(asked: Asked, realm: Realm) -> list[Place]:
    """Those that the person may go to; of one that they are in, nothing is said."""
    if len(realm.places) == 1 and not realm.is_whole:
        return []
    wanted = marking.pattern(asked.words)
    return [
        Place(
            name=marking.marked(company.name, wanted),
            url=url_for("library.root", slug=company.slug),
            company=company,
            is_folder=False,
        )
        for company in naming.companies(asked, COMPANIES)
    ]
