"""The families of collection addresses: a word before the company's, and the folder
that it leads to. Each firm may have its own; these are there where it has none."""

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from app.collection.models import MailFamily
from app.db import db


@dataclass(frozen=True)
class Family:
    prefix: str
    name: str
    folder_kind: str
    policy: str = "known"


STANDARD = (
    Family("compta", "Achats", "purchases", "open"),
    Family("ventes", "Ventes", "sales"),
    Family("banque", "Banque", "bank"),
    Family("social", "Social", "social"),
    Family("ndf", "Notes de frais", "expenses"),
    Family("fiscal", "Documents fiscaux", "tax"),
    Family("a-classer", "À classer", "inbox"),
)


def families_of(firm_id: uuid.UUID) -> tuple[Family, ...]:
    rows = rows_of(firm_id)
    own = tuple(Family(r.prefix, r.name, r.folder_kind, r.policy) for r in rows)
    return own or STANDARD


def rows_of(firm_id: uuid.UUID) -> list[MailFamily]:
    """The firm's own, in their order; none where it has the standard ones."""
    return list(
        db.session.scalars(
            select(MailFamily)
            .where(MailFamily.firm_id == firm_id)
            .order_by(MailFamily.position, MailFamily.prefix)
            .execution_options(across_firms=True)
        )
    )


def family_of(firm_id: uuid.UUID, prefix: str) -> Family | None:
    return next((f for f in families_of(firm_id) if f.prefix == prefix), None)
