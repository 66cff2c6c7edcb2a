"""The companies that a person may enter, by name or SIREN; accents and case do not
matter."""

from dataclasses import dataclass

from flask_login import current_user
from sqlalchemy import ColumnElement, Select, func, select

from app.companies.models import Company
from app.db import db
from app.folding import folded, folded_column

MOST_SHOWN = 200


@dataclass(frozen=True)
class Found:
    companies: list[Company]
    matching: int
    total: int  # that are not archived
    archived: int

    @property
    def hidden(self) -> int:
        return self.matching - len(self.companies)


def search(q: str, *, archived: bool = False, most: int = MOST_SHOWN) -> Found:
    """Those that are archived only when they are asked for."""
    mine = Company.visible_to(current_user)
    is_archived = Company.archived_at.is_not(None)
    of_kind = mine.where(is_archived if archived else ~is_archived)
    wanted = of_kind.where(*_words(q))
    companies = db.session.scalars(
        wanted.order_by(func.lower(Company.name), Company.id).limit(most)
    ).all()
    return Found(
        list(companies),
        matching=_count(wanted),
        total=_count(mine.where(~is_archived)),
        archived=_count(mine.where(is_archived)),
    )


def _words(q: str) -> list[ColumnElement[bool]]:
    """Every word stands somewhere in the name; digits may begin the SIREN."""
    digits = "".join(q.split())
    name = folded_column(Company.name)
    in_name = [name.contains(word, autoescape=True) for word in folded(q).split()]
    if digits.isascii() and digits.isdigit():
        by_number: ColumnElement[bool] = Company.siren.startswith(digits)
        for each in in_name:
            by_number = by_number | each
        return [by_number]
    return in_name


def _count(wanted: Select[Company]) -> int:
    return db.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
