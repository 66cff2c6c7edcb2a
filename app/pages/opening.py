"""What the page of a document needs to show it: pictures, neighbours and versions.

Whoever opens a document whose pictures are not all there asks for them again.
"""

from datetime import timedelta
from typing import Any

from flask import url_for
from flask_login import current_user
from sqlalchemy import exists, select

from app.db import db, utc_now
from app.library.finding import Place
from app.library.models import Document
from app.library.taking import current_version
from app.pages import jobs
from app.pages.editing import may_edit, may_split, pages_of
from app.pages.merging import may_merge
from app.pages.models import Preview
from app.pages.neighbours import neighbours
from app.pages.scanning import photos_of
from app.pages.versions import versions_of
from app.pages.viewing import viewer

STALE = timedelta(minutes=1)


def opened(document: Document, place: Place) -> dict[str, Any]:
    version = current_version(document)
    shown = viewer(document, version)
    if shown.state == "making" and not _is_under_way(version.id):
        jobs.ask_again(version.id)
    return {
        "viewer": shown,
        "neighbours": neighbours(document),
        "versions": versions_of(document, place, current_user),
        "photos": photos_of(document, place, current_user),
        "edits_pages": pages_of(version)
        if may_edit(document, version, place, current_user)
        else 0,
        "may_split_pages": may_split(document, version, place, current_user),
        "merge_url": url_for(
            "page_merging.merge",
            slug=place.company.slug,
            folder=place.folder.id,
            id=document.id,
        )
        if version.defect is None and may_merge(document, place, current_user)
        else None,
    }


def _is_under_way(version_id: object) -> bool:
    lately = Preview.touched_at > utc_now() - STALE
    wanted = select(exists().where(Preview.version_id == version_id, lately))
    return bool(db.session.scalar(wanted))
