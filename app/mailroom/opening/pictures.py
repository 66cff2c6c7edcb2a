"""Pictures that a message shows within its text: a photo somebody pasted, or a logo."""

import io
import re
from html import unescape
from urllib.parse import unquote

from app.mailroom.opening.parameters import name_of, raw_header
from app.mailroom.opening.part import Part
from app.mailroom.opening.payloads import payload
from app.mailroom.parts import is_attached

SMALLEST = 2000  # bytes: below that it is a dot, a line, an icon
SMALLEST_SIDE = 320  # pixels: a photo is larger one way or the other
WIDEST = 3.5  # times its height: a banner below a signature
_CID = re.compile(rb"cid:([^\"'\s>)\\]{1,500})", re.IGNORECASE)


def shown_in(pages: list[Part]) -> set[str]:
    """Content-IDs that these pages (HTML) show."""
    found: set[str] = set()
    for page in pages:
        for cid in _CID.findall(payload(page)):
            found.add(unescape(unquote(cid.decode("utf-8", "replace"))).lower())
    return found


def content_id(part: Part) -> str:
    return raw_header(part.message, "Content-ID").strip().strip("<>").lower()


def is_shown(part: Part, cids: frozenset[str], container: str, is_first: bool) -> bool:
    """Part of the letter rather than sent with it. Only of pictures: what is named in a
    page and is a PDF was sent."""
    cid = content_id(part)
    if cid and cid in cids:
        return True
    if is_attached(part.message):
        return False
    if container == "multipart/related" and not is_first:
        return True
    return bool(cid) and not name_of(part.message)


def is_photo(content: bytes) -> bool:
    """Rather than a logo or the like; also where it cannot be opened."""
    from PIL import Image

    if len(content) < SMALLEST:
        return False
    try:
        with Image.open(io.BytesIO(content)) as image:
            (width, height), kind = image.size, image.format
    except Exception:  # whatever a reader says of bytes that anybody wrote
        return True
    is_banner = width > WIDEST * height
    return max(width, height) >= SMALLEST_SIDE and not is_banner and kind != "GIF"
