"""Folders and companies by their names, among those that the person may enter."""

from flask_login import current_user
from sqlalchemy import select

from app.companies.models import Company
from app.db import db
from app.folding import has_words
from app.library.models import Folder
from app.search.asking import Asked
from app.search.rights import Realm


def folders(asked: Asked, realm: Realm, most: int) -> list[Folder]:
    """By their names, those highest in the tree first."""
    if not asked.words:
        return []
    return list(
        db.session.scalars(
            select(Folder)
            .where(
                Folder.trashed_at.is_(None),
                realm.folders(),
                *has_words(Folder.name, asked.words),
            )
            .order_by(Folder.id.desc())
            .limit(most)
        )
    )


def companies(asked: Asked, most: int) -> list[Company]:
    """By their names, among all that the person may enter."""
    if not asked.words:
        return []
    named = has_words(Company.name, asked.words)
    found = Company.visible_to(current_user).where(*named)
    return list(db.session.scalars(found.order_by(Company.name).limit(most)))
