"""A message's bytes cut into its parts; nothing is copied but the headers and the text.

The standard parser holds every line of a message as an object, and tries each of them
once more for each level of nesting: what is cut here by its boundaries takes a fraction
of that in time, and the size of the message in memory, whatever is written in it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email import policy
from email.message import Message
from email.parser import BytesParser

from app.mailroom.opening.parameters import (
    name_of,
    parameters,
    raw_header,
    value_of,
)
from app.mailroom.opening.part import MESSAGES, Part
from app.mailroom.opening.payloads import encoding_of, is_file, payload
from app.mailroom.parts import MOST_BODY, MOST_HEADERS, MOST_PARTS, is_attached, safely

DEEPEST = 10
OPENED = 2  # attached messages, one in the other
MOST_TEXT = 2_000_000  # bytes, of all texts together, that are handed on for reading
REPORTS = {"message/delivery-status", "message/global-delivery-status"}
_TEXTS = {"text/plain", "text/html", "text/rfc822-headers", "message/global-headers"}
_HEADERS = re.compile(
    rb"(?:(?:[\x21-\x39\x3b-\x7e]*:|[ \t]|From )[^\r\n]*(?:\r\n|\n|\r|\Z))*+"
)
_BLANK = re.compile(rb"\r\n|\n|\r")
_BLANKS = re.compile(rb"[\r\n]*")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)")
# What says that the headers are not over yet, though a line is none.
_CERTAIN = re.compile(
    rb"^(?:content-[a-z-]{1,40}|mime-version|from|to|subject|date|message-id):",
    re.IGNORECASE | re.MULTILINE,
)
_KIND = re.compile(rb"^content-type:", re.IGNORECASE | re.MULTILINE)
_BLANKS_BEFORE_KIND = re.compile(rb"[ \t\r\n]{1,200}(?=content-type:)", re.IGNORECASE)
_BLANK_LINE = re.compile(rb"\n\r?\n|\r\r")
_ANY_FILE = re.compile(r"\A\s*application/octet-stream\b", re.IGNORECASE)
_STRAY_LINES = 20


# The signed content of a part, where it can be taken out; else nothing.
Opener = Callable[[Part], bytes | None]


@dataclass
class Mail:
    root: Part
    is_oversize: bool = False


def split(whole: bytes, signed: Opener = lambda part: None) -> Mail:
    """Never raises. `is_oversize`: it has more parts, levels or headers than are read;
    what is beyond is left out."""
    splitter = _Splitter(signed)
    root = splitter.part(whole, 0, len(whole), 0, 0)
    return Mail(root, splitter.is_oversize)


class _Splitter:
    def __init__(self, signed: Opener) -> None:
        self.signed = signed
        self.is_oversize = False
        self.count = 0
        self.text_left = MOST_TEXT

    def part(
        self,
        whole: bytes,
        start: int,
        end: int,
        depth: int,
        level: int,
        kind: str | None = None,
    ) -> Part:
        """`kind`: of one of several, what it is where it does not say."""
        self.count += 1
        headers, body = self._headers(whole, start, end)
        message = _called_so(header_block(headers))
        if kind:
            message.set_default_type(kind)
        is_inside = kind is not None
        part = Part(message, whole, body, end, level=level, is_inside=is_inside)
        if depth < DEEPEST:
            self._open(part, depth)
        elif part.kind.startswith("multipart/"):
            self.is_oversize = True
        if part.parts:
            message.set_payload([inner.message for inner in part.parts])
        else:
            self._hand_on_text(part)
        return part

    def _headers(self, whole: bytes, start: int, end: int) -> tuple[bytes, int]:
        """The block of headers, and where the body begins."""
        most = min(end, start + MOST_HEADERS + 1)
        pieces: list[bytes] = []
        at = start
        for _line in range(_STRAY_LINES):
            found = _HEADERS.match(whole, at, most)
            at = found.end() if found else at
            pieces.append(found[0] if found else b"")
            stray = _stray(whole, at, most, b"".join(pieces))
            if not stray:
                break
            at = stray.end()
        if at - start > MOST_HEADERS:
            self.is_oversize = True
        blank = _BLANK.match(whole, at, end)
        return b"".join(pieces), blank.end() if blank else at

    def _open(self, part: Part, depth: int) -> None:
        kind = part.kind
        if kind.startswith("multipart/"):
            inner = "message/rfc822" if kind == "multipart/digest" else ""
            self._parts(part, depth, inner)
        elif kind in MESSAGES and part.level < OPENED:
            whole, start = _message_in(part)
            end = len(whole) if whole is not part.whole else part.end
            if not self._is_full():
                inside = self.part(whole, start, end, depth + 1, part.level + 1)
                part.parts.append(inside)
        elif (content := self.signed(part)) is not None and not self._is_full():
            inside = self.part(content, 0, len(content), depth + 1, part.level)
            part.parts.append(inside)

    def _parts(self, part: Part, depth: int, kind: str) -> None:
        typed = parameters(raw_header(part.message, "Content-Type"))
        boundary = (typed.get("boundary") or value_of(typed, "boundary")).rstrip()
        if not boundary:
            return
        mark = b"--" + boundary.encode("utf-8", "surrogateescape")
        for start, end in _cuts(part.whole, part.start, part.end, mark):
            if self._is_full():
                return
            inner = self.part(part.whole, start, end, depth + 1, part.level, kind)
            part.parts.append(inner)

    def _is_full(self) -> bool:
        self.is_oversize |= self.count >= MOST_PARTS
        return self.count >= MOST_PARTS

    def _hand_on_text(self, part: Part) -> None:
        """To whoever reads the letter: as the standard parser would have put it."""
        if part.kind in REPORTS:
            blocks = _BLANK_LINE.split(payload(part)[:MOST_BODY])
            part.message.set_payload([header_block(block) for block in blocks[:50]])
        elif _is_text(part):
            size = min(part.end - part.start, MOST_BODY, self.text_left)
            self.text_left -= size
            text = part.whole[part.start : part.start + size]
            part.message.set_payload(text.decode("ascii", "surrogateescape"))
        else:
            part.message.set_payload("")


def _is_text(part: Part) -> bool:
    is_shown = part.kind in _TEXTS and not is_attached(part.message)
    return is_shown and not is_file(part)


def _stray(whole: bytes, at: int, most: int, headers: bytes) -> re.Match[bytes] | None:
    """What stands there among the headers and is none: a line that lost its indent, or
    blank ones where what kind of message it is comes behind them."""
    if not headers or at >= most:
        return None
    if _BLANK.match(whole, at, most):
        return None if _KIND.search(headers) else _BLANKS_BEFORE_KIND.match(whole, at)
    blank = _BLANK_LINE.search(whole, at, most)
    is_within = blank and _CERTAIN.search(whole, at, blank.start())
    return _LINE.match(whole, at, most) if is_within else None


def header_block(raw: bytes) -> Message:
    parse = BytesParser(policy=policy.compat32).parsebytes
    return safely(Message(), parse, raw, True)


def _called_so(message: Message) -> Message:
    """A message that was attached as any file is (`.eml`) is one all the same."""
    written = raw_header(message, "Content-Type")
    if _ANY_FILE.match(written) and name_of(message).lower().endswith(".eml"):
        message.replace_header("Content-Type", _ANY_FILE.sub("message/rfc822", written))
    return message


def _message_in(part: Part) -> tuple[bytes, int]:
    """The bytes that an attached message stands in, and where: encoded against the rule
    (RFC 2046, 5.2.1), or behind empty lines."""
    whole, start, end = part.whole, part.start, part.end
    if encoding_of(part) in {"base64", "quoted-printable"}:
        whole = payload(part)
        start, end = 0, len(whole)
    blanks = _BLANKS.match(whole, start, end)
    return whole, blanks.end() if blanks else start


def _cuts(whole: bytes, start: int, end: int, mark: bytes) -> list[tuple[int, int]]:
    """Where the parts between lines of the boundary begin and end; the line end before
    a boundary is the boundary's (RFC 2046, 5.1.1)."""
    cuts: list[tuple[int, int]] = []
    at, opened = start, -1
    while (at := whole.find(mark, at, end)) >= 0 and len(cuts) <= MOST_PARTS:
        line = whole.find(b"\n", at, end)
        line = end if line < 0 else line
        tail = whole[at + len(mark) : min(line, at + len(mark) + 200)].strip(b" \t\r")
        is_line = at == start or whole[at - 1 : at] == b"\n"
        if is_line and tail in {b"", b"--"}:
            if opened >= 0:
                cuts.append((opened, _before(whole, opened, at)))
            opened = -1 if tail else min(line + 1, end)
            if tail:
                break
        at = line
    if opened >= 0:
        cuts.append((opened, end))
    return cuts


def _before(whole: bytes, start: int, at: int) -> int:
    if at > start and whole[at - 1 : at] == b"\n":
        at -= 1
    if at > start and whole[at - 1 : at] == b"\r":
        at -= 1
    return at
