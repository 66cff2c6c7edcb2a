"""What a part holds, its transfer encoding undone, in pieces: nothing is held twice."""

import binascii
import re
from collections.abc import Iterator

from app.mailroom.opening.parameters import raw_header
from app.mailroom.opening.part import Part

PIECE = 1 << 20
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))
_UU = re.compile(rb"(?:\A|\n)begin [0-7]{3,4} ([^\r\n]{1,500})\r?\n")
# A PDF, pictures, an archive
_FILES = (b"%PDF-", b"\xff\xd8\xff", b"\x89PNG\r\n", b"II*\0", b"MM\0*", b"PK\3\4")
UU = {"x-uuencode", "uuencode", "x-uue", "uue"}
# As some programs write them: «"base64"», «base-64», «quoted printable».
_MEANT = {"base64": "base64", "quotedprintable": "quoted-printable"}


def encoding_of(part: Part) -> str:
    written = raw_header(part.message, "Content-Transfer-Encoding").lower()
    word = re.sub(r"\([^()]*\)", "", written).partition(";")[0]
    meant = _MEANT.get(re.sub(r"[^a-z0-9]", "", word))
    return meant or (word.split() or [""])[0]


def is_file(part: Part) -> bool:
    """Whether it begins as no text does, though its headers say nothing of it: scanners
    call what they made a text."""
    return len(part.message) > 0 and next(chunks(part), b"").startswith(_FILES)


def payload(part: Part) -> bytes:
    return b"".join(chunks(part))


def chunks(part: Part) -> Iterator[bytes]:
    """What is damaged is decoded as far as it goes."""
    encoding = encoding_of(part)
    if encoding == "base64":
        yield from _base64(part.whole, part.start, part.end)
    elif encoding == "quoted-printable":
        yield binascii.a2b_qp(part.whole[part.start : part.end])
    elif encoding in UU:
        files = uuencoded(part.whole[part.start : part.end])
        yield from (content for _name, content in files[:1])
    else:
        for at in range(part.start, part.end, PIECE):
            yield part.whole[at : min(at + PIECE, part.end)]


def _base64(whole: bytes, start: int, end: int) -> Iterator[bytes]:
    """Up to its padding, as every reader takes it: behind it is somebody's footer."""
    rest = b""
    for at in range(start, end, PIECE):
        piece = whole[at : min(at + PIECE, end)].translate(None, _NOT_BASE64)
        rest, padding, _behind = (rest + piece).partition(b"=")
        if padding:
            break
        even = len(rest) - len(rest) % 4
        if even:
            yield binascii.a2b_base64(rest[:even])
        rest = rest[even:]
    if len(rest) % 4 == 1:
        rest = rest[:-1]  # six bits are no byte
    if rest:
        yield binascii.a2b_base64(rest + b"=" * (-len(rest) % 4))


def uuencoded(text: bytes) -> list[tuple[bytes, bytes]]:
    """(name, content) of what stands in the text between `begin 644 …` and `end`."""
    found: list[tuple[bytes, bytes]] = []
    at = 0
    while (begun := _UU.search(text, at)) and len(found) < 100:
        content, at = _uu_lines(text, begun.end())
        if content:
            found.append((begun[1].strip(), content))
    return found


def _uu_lines(text: bytes, at: int) -> tuple[bytes, int]:
    """Nothing where it does not come to its end: then it is a text like any other."""
    lines: list[bytes] = []
    while at < len(text):
        end = text.find(b"\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end].rstrip(b"\r")
        at = end
        if line.strip() == b"end":
            return b"".join(lines), at
        at += 1
        try:
            lines.append(binascii.a2b_uu(line) if line.strip() else b"")
        except binascii.Error:
            return b"", at - 1
    return b"", at
