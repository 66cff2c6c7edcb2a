"""What no row refers to is swept from the store: a deposit that died after its bytes
were kept, and before they were said to be a document's.

A day has to go by first, by the store's clock: a deposit under way is never touched.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from app.archives.models import Archive
from app.collection.models import InboundMail
from app.db import db
from app.library.models import Rendition, Version
from app.mailroom.models import BotMail
from app.pages.models import PageImage, Photo
from app.storage import Storage

log = logging.getLogger(__name__)
AGE = timedelta(hours=24)
# Every column that holds a key; a guard looks for others.
REFERRED: tuple[InstrumentedAttribute[str] | InstrumentedAttribute[str | None], ...] = (
    Version.storage_key,
    Rendition.storage_key,
    BotMail.storage_key,
    InboundMail.storage_key,
    PageImage.storage_key,
    Photo.storage_key,
    Archive.storage_key,
)
# More than so many, and more than half: another database's store, it seems.
DOUBTFUL = 100
STARTS = "0123456789abcdef"  # of keys: a sixteenth of them in memory at a time


@dataclass(frozen=True)
class Swept:
    unfinished: int
    files: int
    kept: int  # of those that were old enough
    refused: int = 0  # nothing was deleted of these: they are too many


def sweep(*, dry_run: bool = False) -> Swept:
    """Delete them, or only count them. Commits, so that no transaction stays open."""
    storage: Storage = current_app.extensions["guichet.storage"]
    unfinished = storage.drop_unfinished(AGE, dry_run=dry_run)
    files = kept = refused = 0
    for start in STARTS:
        # First what is there, then what is referred to: never the other way round.
        found = set(storage.keys(AGE, start))
        orphans = found - _referred(start) if found else found
        kept += len(found) - len(orphans)
        if len(orphans) > max(DOUBTFUL, len(found) // 2):
            log.error("%d of %d files refer to no row: left", len(orphans), len(found))
            refused += len(orphans)
            continue
        files += len(orphans)
        for key in () if dry_run else sorted(orphans):
            log.warning("swept: no row refers to %s", key)
            storage.delete(key)
    swept = Swept(unfinished, files, kept, refused)
    log.info("sweep%s: %s", " (dry run)" if dry_run else "", swept)
    return swept


def _referred(start: str) -> set[str]:
    keys: set[str] = set()
    for column in REFERRED:
        wanted = select(column).where(column.startswith(start, autoescape=True))
        options = {"across_firms": True, "yield_per": 5000}
        found = db.session.scalars(wanted.execution_options(**options))
        keys.update(key for key in found if key)
    db.session.commit()
    return keys
