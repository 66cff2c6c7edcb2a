"""The answer to an act on documents of a list, for whoever looks at that list: a word,
the rows that the act changed, and the counts. Everybody else is led to a page.

The poll of the page goes on with the stamp that it had, so what others did meanwhile
comes with its next look.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import parse_qs

from flask import current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import HTTPException

from app import htmx
from app.errors import Refused
from app.library import listing as listings
from app.library.answering import Undo, to_page, told
from app.library.finding import Place, place_or_404
from app.library.listing import Listing, Row
from app.library.models import Document
from app.library.ordering import order_from, status_from
from app.library.together import Outcome

FEW = 10  # rows; more than these come with the whole body of the table


@dataclass(frozen=True)
class Changed:
    """What became of rows of the list: those that are to be taken out, drawn anew, or
    put in, each behind the row of that id."""

    gone: list[uuid.UUID]
    stayed: list[Row]
    came: list[tuple[Row, uuid.UUID | None]]
    is_whole: bool


def in_list(
    url: str,
    text: str,
    documents: Collection[Document],
    undo: Undo | None = None,
    *,
    come: bool = False,
    outcome: Outcome | None = None,
) -> ResponseReturnValue:
    """To `url`, or the rows in place. `come`: they may come back to the list.
    `outcome`: what could not be done is told too."""
    listing = _shown()
    if listing is None:
        return to_page(url, text, undo)
    page = render_template(
        "library/acted.htmx.html",
        text=told(text, undo) if text else None,
        page=listing,
        changed=_changed(listing, {one.id for one in documents}, come=come),
        outcome=outcome,
        in_dialog=True,
    )
    return page, 200, {"HX-Retarget": "#messages", "HX-Reswap": "beforeend"}


def is_looking_at_a_list() -> bool:
    return _place() is not None


def _place() -> Place | None:
    """The folder whose page asks."""
    if not htmx.is_fragment():
        return None
    seen = htmx.page_seen()
    try:
        here = current_app.create_url_adapter(request)
        endpoint, of = here.match(seen.path, "GET") if here else ("", {})
        return place_or_404(**of) if endpoint == "library.show" else None
    except (HTTPException, Refused):
        return None  # it may have gone to the trash meanwhile


def _shown() -> Listing | None:
    """What that page shows now, in its order and from its place on."""
    place = _place()
    if place is None:
        return None
    seen = htmx.page_seen()
    asked = {name: given[-1] for name, given in parse_qs(seen.query).items()}
    return listings.listing(
        place.company,
        place.folder,
        place.sight,
        asked.get("after"),
        reader=current_user,
        order=order_from(asked.get("sort")),
        status=status_from(asked.get("state")),
    )


def _changed(listing: Listing, ids: set[uuid.UUID], *, come: bool) -> Changed:
    behind = [None, *(row.id for row in listing.rows)]
    here = [
        (row, before)
        for row, before in zip(listing.rows, behind, strict=False)
        if row.id in ids
    ]
    gone = set() if come else ids - {row.id for row, _before in here}
    is_whole = len(here) > FEW or not listing.rows or len(here) == len(listing.rows)
    return Changed(
        gone=list(gone),
        stayed=[] if come else [row for row, _before in here],
        came=here if come else [],
        is_whole=is_whole,
    )
