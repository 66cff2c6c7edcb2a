"""Where a person may look: decided by whom they are and by the folder that a document
lies in at this moment. Nothing of it is kept in the index, to be out of date there."""

import uuid
from dataclasses import dataclass

from flask import g
from flask_login import current_user
from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import InstrumentedAttribute

from app.companies.finding import companies_and_roles, company_and_role
from app.companies.models import Company
from app.db import db
from app.library.models import Document, Folder
from app.library.tree import Sight, hidden_folders, sight_of
from app.search.indexing import scope_of
from app.search.models import SearchEntry

Column = InstrumentedAttribute[uuid.UUID]
NAMED = 50  # companies in a question; of more, the firm's entries are gone through


@dataclass(frozen=True)
class Realm:
    """Companies, with what the person sees of each; `is_whole`: all of the firm's,
    which are then not listed."""

    places: list[tuple[Company, Sight]]
    is_whole: bool = False

    @property
    def is_nowhere(self) -> bool:
        return not self.is_whole and not self.places

    @property
    def scopes(self) -> list[str]:
        """Words of the index, one of which an entry must have; none where they would
        be too many, or no help."""
        if self.is_whole or len(self.places) > NAMED:
            return []
        return [scope_of(company.id) for company, _sight in self.places]

    def one_row_of_entries(self) -> ColumnElement[bool] | None:
        """Entries that stand one after the other in an index by time, if they do."""
        if self.is_whole:
            return SearchEntry.firm_id.in_([g.firm.id])
        if len(self.places) == 1:
            return SearchEntry.company_id.in_([self.places[0][0].id])
        return None

    def documents(self) -> ColumnElement[bool]:
        if self.is_whole:
            return Document.firm_id.in_([g.firm.id])
        return self._of(Document.company_id, Document.folder_id)

    def folders(self) -> ColumnElement[bool]:
        if self.is_whole:
            return Folder.firm_id.in_([g.firm.id])
        return self._of(Folder.company_id, Folder.id)

    def _of(self, company_id: Column, folder_id: Column) -> ColumnElement[bool]:
        whole = [company.id for company, sight in self.places if sight.firm_side]
        parts = [
            (company_id == company.id)
            & folder_id.not_in(hidden_folders(company, sight))
            for company, sight in self.places
            if not sight.firm_side
        ]
        return or_(company_id.in_(whole), *parts)


def realm(slug: str = "") -> Realm:
    """Everywhere that the person may go, or the company that was asked for: 404 when
    they may not enter it."""
    if slug:
        company, role = company_and_role(slug)
        return Realm([(company, sight_of(role, company))])
    if current_user.sees_every_company:
        return Realm([], is_whole=True)
    return Realm(
        [(company, sight_of(role, company)) for company, role in companies_and_roles()]
    )


def choices() -> list[Company]:
    """The companies that the person may choose among."""
    wanted = Company.visible_to(current_user).order_by(Company.name)
    return list(db.session.scalars(wanted))
