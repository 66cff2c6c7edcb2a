"""A message opened: its letter, its papers, and what keeps it from being filed."""

import re
from typing import Any, BinaryIO

from app.mailroom import reading
from app.mailroom.opening.kinds import words_of
from app.mailroom.opening.packages import SIGNED, signed_content
from app.mailroom.opening.papers import papers_of
from app.mailroom.opening.part import Part
from app.mailroom.opening.payloads import payload
from app.mailroom.opening.splitting import Mail, header_block, split
from app.mailroom.parts import MOST_HEADERS


def opened(
    source: BinaryIO, result: BinaryIO, *, most: int, unzip: bool
) -> dict[str, Any]:
    """`defect`: oversize (more bytes than `most`, more parts, levels or headers than
    are read) or partial (a piece of a message, RFC 2046, 5.2.2), without papers then;
    damaged (parts that cannot be told apart), with those that could be read.
    """
    whole = source.read(most + 1)
    is_too_large = len(whole) > most
    mail = _split(whole[: reading.MOST_READ] if is_too_large else whole)
    defect = ""
    if is_too_large or mail.is_oversize:
        defect = "oversize"
    elif mail.root.kind == "message/partial":
        defect = "partial"
    found = [] if defect else papers_of(mail.root, result, unzip=unzip)
    if not defect and _is_damaged(mail.root):
        defect = "damaged"
    return {
        "defect": defect,
        "letter": reading.as_json(reading.letter_of(mail.root.message)),
        "papers": [paper.as_json() for paper in found],
    }


def _is_damaged(part: Part) -> bool:
    """Several in one, and no boundary between them."""
    if part.parts:
        return any(map(_is_damaged, part.parts))
    return part.kind.startswith("multipart/") and bool(words_of(part))


def letter_of(source: BinaryIO) -> dict[str, Any]:
    mail = _split(source.read(reading.MOST_READ))
    return reading.as_json(reading.letter_of(mail.root.message))


def _split(whole: bytes) -> Mail:
    if b"\n" not in whole:
        whole = re.sub(rb"\r", b"\n", whole)  # line ends of a Macintosh of old
    return split(whole, _signed)


def _signed(part: Part) -> bytes | None:
    """Of a message that is signed as a whole; a signed file in it is a file."""
    if part.kind not in SIGNED or part.is_inside:
        return None
    content = signed_content(payload(part))
    is_message = content and "Content-Type" in header_block(content[:MOST_HEADERS])
    return content if is_message else None
