"""What a part of a kept mail looks like: its pages as pictures, made apart on demand.

Nothing is stored: whoever looks has the part taken out of the message and drawn in the
limited process (`apart`), some pages at most; the browser keeps what it was shown.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from app import apart
from app.blobs import Missing, StorageUnavailable
from app.collection.models import InboundMail, InboundPart
from app.collection.reading import opened
from app.library.inspecting import READABLE
from app.library.receiving import SNIFFED, sniff
from app.texts import gettext as _

log = logging.getLogger(__name__)
WIDTH = 1000  # pixels
MOST_PAGES = 20
SECONDS = 12


@dataclass(frozen=True)
class Preview:
    """`pages` that can be shown, of `total`; `message` where there are none."""

    pages: int = 0
    total: int = 0
    message: str = ""


def preview_of(mail: InboundMail, part: InboundPart) -> Preview:
    """How many pages there are to see. No transaction is to be open."""
    with _content(mail, part) as (copy, content_type):
        if copy is None:
            return Preview(message=_("The message could not be read. Try again."))
        if content_type not in READABLE:
            return Preview(message=_("This kind of file cannot be shown here."))
        said = apart.ask("look", copy, content_type, seconds=SECONDS)
    if said is None or said.get("defect"):
        return Preview(message=_broken((said or {}).get("defect")))
    total = said.get("pages") or 1
    return Preview(min(total, MOST_PAGES), total)


def picture_of(mail: InboundMail, part: InboundPart, page: int) -> bytes | None:
    """The page, from 1, as WebP; None where there is no such page, or no seeing it."""
    with _content(mail, part) as (copy, content_type), _file() as made:
        if copy is None or content_type not in READABLE or page > MOST_PAGES:
            return None
        wishes: dict[str, Any] = {"first": page - 1, "count": 1, "widths": [WIDTH]}
        said = apart.ask("show", copy, content_type, made, seconds=SECONDS, **wishes)
        if not said or not said.get("images"):
            return None
        made.seek(0)
        return made.read(said["images"][0]["size"])


@contextmanager
def _content(
    mail: InboundMail, part: InboundPart
) -> Iterator[tuple[BinaryIO | None, str]]:
    """A copy on the disk, and what it is by its first bytes."""
    with _file() as copy:
        try:
            with opened(mail) as found:
                item = next((i for i in found.items if i.number == part.number), None)
                for chunk in found.contents(item) if item else ():
                    copy.write(chunk)
        except (StorageUnavailable, Missing, OSError) as error:
            log.warning("part %s of mail %s: %r", part.number, mail.id, error)
            item = None
        if item is None:
            yield None, ""
            return
        copy.seek(0)
        content_type = sniff(copy.read(SNIFFED), part.name)
        copy.seek(0)
        yield copy, content_type


@contextmanager
def _file() -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        yield file


def _broken(defect: str | None) -> str:
    if defect == "encrypted":
        return _("This file asks for a password: it cannot be shown here.")
    if defect == "oversized":
        return _("This picture is too large to be shown here.")
    return _("This file seems damaged: it cannot be shown here.")
