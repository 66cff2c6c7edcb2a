"""The job that makes an archive; killed in the middle, it is taken up again.

It shows that it lives now and then. What is half made is in the store under no name,
and goes with the store's own unfinished uploads.
"""

import logging
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta

from flask_babel import force_locale
from sqlalchemy import or_, update

from app.archives import contents, gathering, held, telling
from app.archives.gathering import Item
from app.archives.models import Archive
from app.archives.safe_names import Names
from app.archives.zipping import Zip
from app.blobs import StorageUnavailable
from app.companies.models import Company
from app.db import database_now, db
from app.library.models import Folder
from app.library.receiving import store
from app.library.tree import Sight
from app.queueing import is_told_to_end
from app.storage import Stored

log = logging.getLogger(__name__)
QUEUE = "default"  # mail goes first
KEPT = timedelta(days=7)
SILENT = timedelta(minutes=3)  # one that gives no sign of life for so long is gone
BEAT_SECONDS = 20.0
MOST_ATTEMPTS = 3


class _Interrupted(Exception):
    """The worker is told to end, or somebody else has taken it over."""


def make(archive_id: str) -> None:
    """The job. Made already, or in other hands, there is nothing to do. Commits."""
    archive = _claim(uuid.UUID(archive_id))
    if archive is None:
        return
    try:
        with force_locale(telling.locale_of(archive)):
            _make(archive)
    except _Interrupted:
        _give_back(archive)
    except StorageUnavailable as error:
        log.warning("an archive could not be kept this time: %s", error)
        _give_back(archive)


def _claim(archive_id: uuid.UUID) -> Archive | None:
    now = database_now()
    mine = (
        update(Archive)
        .where(
            Archive.id == archive_id,
            or_(
                Archive.state == "waiting",
                (Archive.state == "working") & (Archive.seen_at < now - SILENT),
            ),
        )
        .execution_options(synchronize_session=False)
    )
    given_up = mine.where(Archive.attempts >= MOST_ATTEMPTS).values(state="failed")
    if db.session.execute(given_up.returning(Archive.id)).all():
        telling.tell_failed(db.session.get_one(Archive, archive_id))
    taken = db.session.execute(
        mine.values(
            state="working", seen_at=now, attempts=Archive.attempts + 1
        ).returning(Archive.id)
    ).all()
    db.session.commit()
    if not taken:
        return None
    return db.session.get(Archive, archive_id, populate_existing=True)


def _make(archive: Archive) -> None:
    company = db.session.get_one(Company, archive.company_id)
    folder = db.session.get(Folder, archive.folder_id) if archive.folder_id else None
    names = Names(*contents.OWN_NAMES)
    sight = Sight(firm_side=archive.is_for_firm)
    items = gathering.everything(company, folder, sight, names)
    book = contents.Book.of(archive, company, items)
    db.session.commit()  # no transaction while the store is spoken to
    made, alive = Zip(), _Pulse(archive)
    with store().writer() as writer:
        for chunk in _chunks(made, book):
            alive.beat()
            writer.write(chunk)
        stored = writer.finish()
    _finish(archive, stored, items, len(made.missing), alive.attempt)


def _chunks(made: Zip, book: "contents.Book") -> Iterator[bytes]:
    storage = store()
    for item in book.items:
        yield from made.add(item.part(storage))
    for part in book.parts(made.missing):
        yield from made.add(part)
    yield from made.close()


class _Pulse:
    def __init__(self, archive: Archive) -> None:
        self._id, self.attempt = archive.id, archive.attempts
        self._next = time.monotonic() + BEAT_SECONDS

    def beat(self) -> None:
        """Raises _Interrupted when it is to go no further."""
        if is_told_to_end():
            raise _Interrupted
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + BEAT_SECONDS
        alive = db.session.execute(
            _of_mine(self._id, self.attempt)
            .values(seen_at=database_now())
            .returning(Archive.id)
        ).all()
        db.session.commit()
        if not alive:
            raise _Interrupted


def _of_mine(archive_id: uuid.UUID, attempt: int):  # type: ignore[no-untyped-def]
    return (
        update(Archive)
        .where(
            Archive.id == archive_id,
            Archive.state == "working",
            Archive.attempts == attempt,
        )
        .execution_options(synchronize_session=False)
    )


def _finish(
    archive: Archive, stored: Stored, items: list[Item], missing: int, attempt: int
) -> None:
    now = database_now()
    kept = db.session.execute(
        _of_mine(archive.id, attempt)
        .values(
            state="ready",
            ready_at=now,
            expires_at=now + KEPT,
            storage_key=stored.key,
            size=stored.size,
            sha256=stored.sha256,
            files=len(items),
            held=held.note_of(item.document for item in items),
            missing=missing,
        )
        .returning(Archive.id)
    ).all()
    if kept:
        telling.tell(archive)
    db.session.commit()
    if not kept:
        store().delete(stored.key)


def _give_back(archive: Archive) -> None:
    db.session.rollback()
    attempt = archive.attempts
    db.session.execute(_of_mine(archive.id, attempt).values(state="waiting"))
    db.session.commit()
