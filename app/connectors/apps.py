"""An application by its key: one of the catalogue, or a firm's own."""

from dataclasses import replace

from sqlalchemy import select

from app.connectors import catalogue
from app.connectors.catalogue import PartnerApp, Slot
from app.connectors.models import OwnApp
from app.db import db

OWN = "own-"
OWN_CATEGORY = "other"
ANY_SLOT = Slot(key="documents", name="Documents", folder_kinds=())


def get(key: str) -> PartnerApp:
    """Raises KeyError when there is none."""
    app = find(key)
    if app is None:
        raise KeyError(key)
    return app


def find(key: str) -> PartnerApp | None:
    if not key.startswith(OWN):
        return catalogue.find(key)
    row = db.session.scalar(select(OwnApp).where(OwnApp.key == key))
    return described(row) if row else None


def described(row: OwnApp) -> PartnerApp:
    """The firm's own application as one of the catalogue would be."""
    return PartnerApp(
        key=row.key,
        name=row.name,
        short_name=row.name,
        monogram=row.monogram,
        tone=row.tone,
        category=OWN_CATEGORY,
        summary="",
        bot_prefix=row.bot_prefix,
        bot_owner="company",
        slots=(replace(ANY_SLOT, usual_domain=row.usual_domain),),
        types=tuple(row.content_types),
        max_file_bytes=row.max_file_bytes,
    )
