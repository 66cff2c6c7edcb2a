"""Folders and companies by their names, among those that the person may enter."""

from flask_login import current_user
from sqlalchemy import select

from app.companies.models import Company
from app.db import db
from app.folding import folded_column
from app.library.models import Folder
from app.search.asking import Asked
from app.search.rights import Realm


def folders(asked: Asked, realm: Realm, most: int) -> list[Folder]:
    """By their names, those highest in the tree first."""
    if not asked.words:
        return []
    name = folded_column(Folder.name)
    return list(
        db.session.scalars(
            select(Folder)
            .where(
                Folder.trashed_at.is_(None),
                realm.folders(),
                *(name.contains(word, autoescape=True) for word in asked.words),
            )
            .order_by(Folder.id.desc())
            .limit(most)
        )
    )


def companies(asked: Asked, most: int) -> list[Company]:
    """By their names, among all that the person may enter."""
    if not asked.words:
        return []
    name = folded_column(Company.name)
    found = Company.visible_to(current_user).where(
        *(name.contains(word, autoescape=True) for word in asked.words)
    )
    return list(db.session.scalars(found.order_by(Company.name).limit(most)))
