"""Pictures of a version's pages, some at a time, made apart and kept in the store.

No transaction is open while they are made. Of two that make the same ones at once, the
first one's are kept. Whatever the file does there, the document stays as it was.
"""

import logging
import shutil
import tempfile
import uuid
from typing import Any, BinaryIO, cast

from flask import current_app
from sqlalchemy import CursorResult, select, update

from app import apart
from app.db import db, insert_into, new_id, utc_now
from app.library.inspecting import READABLE
from app.library.models import Version
from app.pages.models import PageImage, Preview
from app.storage import Missing, Storage, StorageUnavailable, Stored

log = logging.getLogger(__name__)
THUMBNAIL, PAGE = 240, 1000
WIDTHS = (THUMBNAIL, PAGE)  # pixels
MOST_PAGES = 200
A_BATCH = 10  # mail goes between two
SECONDS, SECONDS_FOR_ONE = 40, 12
MOST_BREAKS = 3  # of the reader: then no more is tried


def can_be_shown(content_type: str) -> bool:
    return content_type in READABLE


def make_some(version_id: uuid.UUID) -> int | None:
    """The next pictures; gives the number of pages tried so far, None when there is
    nothing more to do, or not now."""
    version = db.session.get(Version, version_id)
    if version is None or not can_be_shown(version.content_type):
        return None
    preview = _begun(version)
    if preview.state != "making":
        return None
    try:
        return _next_batch(version, preview)
    except (StorageUnavailable, Missing, OSError) as error:
        log.warning("no pictures of version %s this time: %r", version_id, error)
        return None


def _begun(version: Version) -> Preview:
    row = {"id": new_id(), "firm_id": version.firm_id, "version_id": version.id}
    db.session.execute(insert_into(Preview).values(**row).on_conflict_do_nothing())
    found = db.session.scalars(
        select(Preview)
        .where(Preview.version_id == version.id)
        .execution_options(populate_existing=True)
    ).one()
    db.session.commit()
    return found


def _next_batch(version: Version, preview: Preview) -> int | None:
    with tempfile.TemporaryFile() as copy, tempfile.TemporaryFile() as made:
        with _store().open(version.storage_key) as blob:
            shutil.copyfileobj(blob, copy)
        said = _ask(copy, version, made, preview.made, A_BATCH, SECONDS)
        if said is None:
            # Some page of them breaks its reader: which one?
            said = _ask(copy, version, made, preview.made, 1, SECONDS_FOR_ONE)
            return _keep(preview, said, made, 1)
        return _keep(preview, said, made, A_BATCH)


def _ask(
    copy: BinaryIO,
    version: Version,
    made: BinaryIO,
    first: int,
    count: int,
    seconds: int,
) -> dict[str, Any] | None:
    for file in (copy, made):
        file.seek(0)
    made.truncate()
    count = min(count, MOST_PAGES - first)
    wishes: dict[str, Any] = {"first": first, "count": count, "widths": WIDTHS}
    said = apart.ask(
        "show", copy, version.content_type, made, seconds=seconds, **wishes
    )
    made.seek(0)  # its place is the reader's too
    return said


def _keep(
    preview: Preview, said: dict[str, Any] | None, made: BinaryIO, count: int
) -> int | None:
    images = [_stored(made, image) for image in (said or {}).get("images", [])]
    values = _progress(preview, said, count)
    is_first = db.session.execute(
        update(Preview)
        .where(Preview.id == preview.id, Preview.made == preview.made)
        .where(Preview.state == "making")
        .values(**values, touched_at=utc_now())
        .execution_options(synchronize_session=False)
    )
    if not cast("CursorResult[Any]", is_first).rowcount:
        db.session.commit()
        for stored, _image in images:
            _store().delete(stored.key)
        return None
    db.session.add_all(_row(preview, stored, image) for stored, image in images)
    db.session.commit()
    return cast("int", values["made"]) if values["state"] == "making" else None


def _progress(
    preview: Preview, said: dict[str, Any] | None, count: int
) -> dict[str, Any]:
    """Where the preview stands now."""
    if said is not None and said["defect"]:
        pages = said.get("pages")
        return {
            **{"state": "failed", "defect": said["defect"], "pages": pages},
            "made": preview.made,
        }
    pages = said["pages"] if said else preview.pages
    until = min(preview.made + count, MOST_PAGES if pages is None else pages)
    shown = {image["page"] for image in said["images"]} if said else set()
    broken = preview.broken + until - preview.made - len(shown)
    gives_up = said is None and broken >= MOST_BREAKS
    is_over = gives_up or until >= min(MOST_PAGES, pages or MOST_PAGES)
    nothing = until == broken
    state = ("failed" if nothing else "done") if is_over else "making"
    return {
        **{"state": state, "pages": pages, "made": until, "broken": broken},
        "defect": (said or {}).get("why") if state == "failed" else None,
        "is_signed": bool(said and said.get("is_signed")) or preview.is_signed,
        "is_locked": bool(said and said.get("is_locked")) or preview.is_locked,
    }


def _stored(made: BinaryIO, image: dict[str, int]) -> tuple[Stored, dict[str, int]]:
    """They lie one behind the other."""
    with _store().writer() as writer:
        writer.write(made.read(image["size"]))
        return writer.finish(), image


def _row(preview: Preview, stored: Stored, image: dict[str, int]) -> PageImage:
    return PageImage(
        firm_id=preview.firm_id,
        preview_id=preview.id,
        number=image["page"] + 1,
        width=image["width"],
        storage_key=stored.key,
        size=stored.size,
        sha256=stored.sha256,
        pixels_wide=image["wide"],
        pixels_high=image["high"],
    )


def _store() -> Storage:
    storage: Storage = current_app.extensions["guichet.storage"]
    return storage
