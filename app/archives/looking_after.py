"""Archives whose job was lost or killed are asked for again; those whose days are over
leave the store."""

import logging

from sqlalchemy import or_, select

from app.archives.making import QUEUE, SILENT, make
from app.archives.models import Archive
from app.blobs import StorageUnavailable
from app.db import database_now, db
from app.library.receiving import store
from app.queueing import enqueue_once

log = logging.getLogger(__name__)


def look_after() -> None:
    """Those whose job was lost or killed, and those whose days are over. Commits."""
    silent = database_now() - SILENT
    ids = db.session.scalars(
        select(Archive.id).where(
            or_(
                (Archive.state == "waiting") & (Archive.asked_at < silent),
                (Archive.state == "working") & (Archive.seen_at < silent),
            )
        )
    ).all()
    db.session.commit()
    for archive_id in ids:
        name = f"archive-{archive_id}"
        enqueue_once(make, str(archive_id), job_id=name, name=QUEUE, again=True)
    _end_old_ones()


def _end_old_ones() -> None:
    old = db.session.scalars(
        select(Archive).where(
            Archive.state == "ready", Archive.expires_at < database_now()
        )
    ).all()
    for archive in old:
        key, archive.storage_key, archive.state = archive.storage_key, None, "over"
        db.session.commit()
        if key:
            _delete(key)
    db.session.commit()


def _delete(key: str) -> None:
    try:
        store().delete(key)
    except StorageUnavailable as error:
        log.warning("the sweep will take %s: %s", key, error)
