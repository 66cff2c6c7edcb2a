"""One document as one mail, made byte by byte the same at every attempt.

The file flows from the store in pieces and is hashed on its way: what does not have
the hash that was taken at the deposit never gets its final dot.
"""

import base64
import hashlib
import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import BinaryIO
from urllib.parse import quote

LINE = 57  # bytes that make a base64 line of 76 characters (RFC 2045, 6.8)
PIECE = LINE * 1024
HEADERS_ALLOWANCE = 2200
LONGEST_NAME = 180
TEXT = "Bonjour,\r\n\r\nLe document est joint à ce message.\r\n"
# Letters that do not come apart into a plain one and its accent.
PLAIN = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss"}) | (
    str.maketrans("’‘–—«»ø", "''--''o")
)
LONGEST_PARAMETER = 900  # a line may have 998 characters (RFC 5322, 2.1.1)


class Altered(Exception):
    """The stored bytes are not those that were deposited."""


@dataclass(frozen=True)
class Letter:
    """Everything that a message says. A retry says the same byte for byte, save for
    `attempt`: it counts the times that the message may have arrived already."""

    message_id: str
    date: datetime
    sender: str
    recipient: str
    file_name: str
    content_type: str
    sha256: str
    delivery_id: str
    attempt: int = 1
    # Lines of headers by which the provider gives the id back.
    metadata: tuple[str, ...] = ()


def encoded_size(size: int) -> int:
    """Bytes on the wire for a file of that size, with the headers of a long name."""
    return math.ceil(size / LINE) * 78 + HEADERS_ALLOWANCE


def wire_size(letter: Letter, size: int) -> int:
    """Bytes on the wire of this very message, all but the final dot."""
    encoded = (size + 2) // 3 * 4 + 2 * math.ceil(size / LINE)
    return len(head(letter)) + encoded + len(foot(letter))


def head(letter: Letter) -> bytes:
    """Headers, the text, and the headers of the attachment (RFC 5322, 2045, 2183)."""
    boundary = _boundary(letter)
    name = clean(letter.file_name)
    lines = [
        f"From: <{clean(letter.sender)}>",
        f"To: <{clean(letter.recipient)}>",
        *_subject(name),
        f"Date: {format_datetime(letter.date.astimezone(UTC))}",
        f"Message-ID: {clean(letter.message_id)}",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        f"X-Delivery-Id: {letter.delivery_id}",
        *map(clean, letter.metadata),
    ]
    if letter.attempt > 1:
        lines.append(f"X-Delivery-Attempt: {letter.attempt}")
    lines += [
        "MIME-Version: 1.0",
        f'Content-Type: multipart/mixed; boundary="{boundary}"',
        "",
        f"--{boundary}",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: base64",
        "",
        base64.b64encode(TEXT.encode()).decode(),
        f"--{boundary}",
        f"Content-Type: {_content_type(letter)};",
        f' name="{ascii_name(name)}"',
        "Content-Transfer-Encoding: base64",
        *_disposition(name),
        "",
        "",
    ]
    return "\r\n".join(lines).encode("ascii")


def body(blob: BinaryIO, sha256: str) -> Iterator[bytes]:
    """The file in base64, in pieces of whole lines. Raises Altered at its end."""
    hashed = hashlib.sha256()
    rest = b""
    while chunk := blob.read(PIECE):
        hashed.update(chunk)
        chunk = rest + chunk
        whole = len(chunk) // LINE * LINE
        rest = chunk[whole:]
        yield _lines(chunk[:whole])
    yield _lines(rest)
    if hashed.hexdigest() != sha256:
        raise Altered


def foot(letter: Letter) -> bytes:
    return f"--{_boundary(letter)}--\r\n".encode("ascii")


def clean(value: str) -> str:
    """A header's value on one line, that no control character can end."""
    return "".join(c for c in value if not _ends_a_line(c)).strip()


def _ends_a_line(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "C" or category in {"Zl", "Zp"}


def ascii_name(name: str) -> str:
    """A readable name for tools that know only `filename=`; the ending is kept."""
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 8:
        stem, ending = name, ""
    plain = unicodedata.normalize("NFKD", stem.translate(PLAIN))
    plain = plain.encode("ascii", "ignore").decode()
    plain = re.sub(r"[^\w .,()+=@'-]+", "_", plain, flags=re.ASCII)
    plain = plain[:60].strip(" .") or "document"
    ending = re.sub(r"\W+", "", ending, flags=re.ASCII)
    return f"{plain}.{ending}" if ending else plain


def _boundary(letter: Letter) -> str:
    """No line of base64 begins so."""
    return f"=_{letter.delivery_id}"


def _content_type(letter: Letter) -> str:
    """As it was found; a message inside may not be in base64 (RFC 2046, 5.2.1)."""
    known = re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", letter.content_type)
    if not known or letter.content_type.startswith(("message/", "multipart/")):
        return "application/octet-stream"
    return letter.content_type


def _lines(raw: bytes) -> bytes:
    encoded = base64.b64encode(raw)
    pieces = [encoded[at : at + 76] for at in range(0, len(encoded), 76)]
    return b"\r\n".join([*pieces, b""])


def _subject(name: str) -> list[str]:
    """Encoded words of at most 75 characters, folded (RFC 2047)."""
    words = []
    piece = ""
    for character in name[:LONGEST_NAME]:
        if len((piece + character).encode()) > 42:
            words.append(piece)
            piece = ""
        piece += character
    words.append(piece)
    coded = [f"=?utf-8?b?{base64.b64encode(w.encode()).decode()}?=" for w in words]
    return [f"Subject: {coded[0]}", *(f" {word}" for word in coded[1:])]


def _disposition(name: str) -> list[str]:
    """The whole name by RFC 2231 first, since readers that know it take the first
    they find; then `filename=` in ASCII for those that do not."""
    plain = f' filename="{ascii_name(name)}"'
    if name == ascii_name(name):
        return ["Content-Disposition: attachment;", plain]
    coded = "utf-8''" + quote(name, safe="")
    extended = [f" filename*={coded};"]
    if len(coded) > LONGEST_PARAMETER:
        parts = re.findall(r"(?:%..|[^%]){1,20}", coded)
        extended = [f" filename*{n}*={part};" for n, part in enumerate(parts)]
    return ["Content-Disposition: attachment;", *extended, plain]
