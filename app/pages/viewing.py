"""What a document's page shows of it: its pages as pictures, or why there are none."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from flask import url_for
from sqlalchemy import select

from app.db import db
from app.library.models import Document, Version
from app.library.taking import current_version
from app.pages.making import MOST_PAGES, PAGE, THUMBNAIL, can_be_shown
from app.pages.models import PageImage, Preview
from app.texts import gettext as _

MOST_POLLS = 30  # a minute of them


@dataclass(frozen=True)
class Page:
    number: int
    url: str
    thumbnail_url: str
    wide: int  # 0 when no picture of it could be made
    high: int


@dataclass(frozen=True)
class Viewer:
    # none (of a kind that cannot be shown), making, done, failed
    state: str
    message: str = ""
    pages: list[Page] = field(default_factory=list)
    total: int | None = None
    poll_url: str = ""
    poll: int = 0
    is_signed: bool = False
    is_locked: bool = False

    @property
    def left(self) -> int:
        """Pages that can only be read in the file itself."""
        shown = max((page.number for page in self.pages), default=0)
        return max(0, (self.total or 0) - shown) if self.state == "done" else 0


def viewer(document: Document, version: Version, poll: int = 0) -> Viewer:
    if not can_be_shown(version.content_type):
        return Viewer("none", _("No preview for this type of file"))
    preview = db.session.scalar(select(Preview).where(Preview.version_id == version.id))
    if preview is None:
        return Viewer("making", **_next_poll(document, poll))
    if preview.state == "failed":
        return Viewer("failed", why_not(preview.defect), total=preview.pages)
    more = _next_poll(document, poll) if preview.state == "making" else {}
    return Viewer(
        preview.state,
        pages=_pages(document, version, preview),
        total=preview.pages,
        is_signed=preview.is_signed,
        is_locked=preview.is_locked,
        **more,
    )


def may_come(version: Version) -> bool:
    """Pictures that are not there yet."""
    if not can_be_shown(version.content_type):
        return False
    state = db.session.scalar(
        select(Preview.state).where(Preview.version_id == version.id)
    )
    return state in {None, "making"}


def why_not(defect: str | None) -> str:
    return {
        "encrypted": _(
            "This file is protected by a password: it cannot be shown here. Download "
            "it to open it."
        ),
        "damaged": _(
            "This file seems damaged: it cannot be shown here. It is kept as it came."
        ),
        "oversized": _(
            "This picture has too many pixels to be shown here. Download it to see it."
        ),
        "empty": _("This file has no page to show. It is kept as it came."),
    }.get(
        defect or "",
        _("This file could not be shown here. It is kept as it came."),
    )


def _next_poll(document: Document, poll: int) -> dict[str, Any]:
    if poll >= MOST_POLLS:
        late = _("The preview is taking long. Load the page again in a moment.")
        return {"message": late}
    here: dict[str, Any] = {"document_id": document.id, "poll": poll + 1}
    return {"poll_url": url_for("pages.preview", **here), "poll": poll}


def _pages(document: Document, version: Version, preview: Preview) -> list[Page]:
    sizes = {
        number: (wide, high)
        for number, wide, high in db.session.execute(
            select(PageImage.number, PageImage.pixels_wide, PageImage.pixels_high)
            .where(PageImage.preview_id == preview.id, PageImage.width == PAGE)
            .order_by(PageImage.number)
        )
    }
    return [
        _page(document, version, number, *sizes.get(number, (0, 0)))
        for number in range(1, min(preview.made, MOST_PAGES) + 1)
    ]


def _page(
    document: Document, version: Version, number: int, wide: int, high: int
) -> Page:
    # With the version's number, so that a browser never shows an older one's.
    of: dict[str, Any] = {"document_id": document.id, "number": number}
    v = version.number
    return Page(
        number,
        url_for("pages.image", **of, w=PAGE, v=v),
        url_for("pages.image", **of, w=THUMBNAIL, v=v),
        *(wide, high),
    )


def picture_of(document: Document, number: int, width: int) -> PageImage | None:
    """Of the document's version of now."""
    version_id: uuid.UUID = current_version(document).id
    return db.session.scalar(
        select(PageImage)
        .join(Preview, Preview.id == PageImage.preview_id)
        .where(
            Preview.version_id == version_id,
            PageImage.number == number,
            PageImage.width == width,
        )
    )
