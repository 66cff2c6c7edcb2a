"""What in a message is a paper, and why the rest is none.

Everything sent with it is, named or not, whatever its disposition. Not: the letter
itself, signatures, reports, and pictures that its text shows.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

from app.mailroom import decoding
from app.mailroom.opening import packages, pictures
from app.mailroom.opening.kinds import Place, reason_of, words_of
from app.mailroom.opening.parameters import name_of
from app.mailroom.opening.part import Part
from app.mailroom.opening.payloads import chunks, payload, uuencoded
from app.mailroom.parts import header

# Numbers of what a part holds: those of the parts do not depend on what was opened.
WITHIN = 1000
_CARDS = {"text/vcard", "text/x-vcard", "text/calendar", "application/ics"}


@dataclass
class Paper:
    """`at`: where its bytes lie in the result. `title`: what to call it without a name.
    `ignored`: why it is none, where it is none."""

    number: int
    name: str
    title: str
    content_type: str
    ignored: str = ""
    is_photo: bool = False
    at: int = 0
    size: int = 0
    sha256: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def papers_of(root: Part, result: BinaryIO, *, unzip: bool = False) -> list[Paper]:
    """In the order in which they stand; their bytes are written to the result."""
    finder = _Finder(result, unzip)
    finder.message(root, Place())
    return sorted(finder.found, key=_place_in_mail)


class _Finder:
    def __init__(self, result: BinaryIO, unzip: bool) -> None:
        self.result = result
        self.unzip = unzip
        self.found: list[Paper] = []
        self.count = 0
        self.files_left = packages.MOST_FILES
        self.bytes_left = packages.MOST_BYTES

    def message(self, part: Part, place: Place) -> list[Paper]:
        """What is in one message, the mail itself or one in it. With no paper in it but
        who wrote and when to meet, the photos that its text shows were to be sent; else
        they may have been (`inline_image`)."""
        first = len(self.found)
        place = place.within(part, pictures.shown_in(list(_pages(part))))
        self._part(part, place)
        inside = self.found[first:]
        is_all = all(paper.ignored or _is_card(paper) for paper in inside)
        for photo in (paper for paper in inside if paper.is_photo and paper.ignored):
            photo.ignored = "" if is_all else "inline_image"
        return inside

    def _part(self, part: Part, place: Place) -> None:
        number = self.count
        self.count += 1
        if part.is_message and part.parts:
            self._attached(part, place, number)
        elif part.parts:
            for rank, inner in enumerate(part.parts):
                self._part(inner, place.inside(part, rank))
        else:
            self._leaf(part, place, number)

    def _attached(self, part: Part, place: Place, number: int) -> None:
        """Opened; with nothing in it that can be filed, it is a paper itself."""
        reason = reason_of(part, place)
        if reason:
            self.count += _size(part.parts[0])
        else:
            inside = self.message(part.parts[0], Place())
            told = any(not one.ignored or one.ignored == "report" for one in inside)
            if told or place.container == "multipart/digest":
                return
        subject = header(part.parts[0].message, "Subject")
        if not reason and not subject and _is_blank(part.parts[0]):
            reason = "empty"
        title = subject or place.title
        paper = Paper(number, name_of(part.message), title, _kind(part), reason or "")
        self._keep(paper, chunks(part))

    def _leaf(self, part: Part, place: Place, number: int) -> None:
        reason = reason_of(part, place)
        if reason is None:
            self._uuencoded(part, place, number)
            return
        name = name_of(part.message)
        paper = Paper(number, name, place.title, _kind(part), reason)
        if reason == "image":
            content = payload(part)
            paper.is_photo = pictures.is_photo(content)
            self._keep(paper, [content])
        elif reason or not self._unpack(part, paper):
            self._keep(paper, chunks(part))

    def _uuencoded(self, part: Part, place: Place, number: int) -> None:
        if part.kind != "text/plain" or b"begin " not in words_of(part):
            return
        for rank, (name, content) in enumerate(uuencoded(payload(part))):
            called = name.decode("utf-8", "replace")
            kind = "application/octet-stream"
            inner = Paper(_within(number, rank), called, place.title, kind)
            self._keep(inner, [content])

    def _unpack(self, part: Part, paper: Paper) -> bool:
        """Whether what it held was kept instead of it."""
        name = paper.name.lower()
        if part.kind in packages.TNEF or name == "winmail.dat":
            files = packages.tnef_files(payload(part))
            for rank, (called, content) in enumerate(files or []):
                inner = _inside(paper, rank, called)
                self._keep(inner, [content])
            if files == []:
                paper.ignored = "formatting"  # how the text looks in Outlook, no more
            return bool(files)
        is_zip = packages.is_zip(part.kind, name)
        return self.unzip and is_zip and self._unzip(part, paper)

    def _unzip(self, part: Part, paper: Paper) -> bool:
        first, end, left = len(self.found), self.result.tell(), self.bytes_left

        def take(name: str, flow: Iterator[bytes]) -> None:
            inner = _inside(paper, len(self.found) - first, name)
            self._keep(inner, flow)
            self.bytes_left -= inner.size

        try:
            packages.unzip(payload(part), take, self.files_left, self.bytes_left)
        except packages.Unfit:
            del self.found[first:]
            self.result.seek(end)
            self.result.truncate()
            self.bytes_left = left
            return False
        self.files_left -= len(self.found) - first
        return True

    def _keep(self, paper: Paper, content: Iterable[bytes]) -> None:
        digest, paper.at = hashlib.sha256(), self.result.tell()
        self.found.append(paper)
        for piece in content:
            digest.update(piece)
            self.result.write(piece)
            paper.size += len(piece)
        paper.sha256 = digest.hexdigest()
        if paper.size == 0 and not paper.ignored:
            paper.ignored = "empty"


def _is_card(paper: Paper) -> bool:
    return paper.content_type in _CARDS or paper.name.lower().endswith((".vcf", ".ics"))


def _kind(part: Part) -> str:
    return decoding.line(part.kind)[:100]


def _place_in_mail(paper: Paper) -> tuple[int, int]:
    """What a part held stands where the part does."""
    is_within = paper.number >= WITHIN
    return (paper.number // WITHIN - 1 if is_within else paper.number), paper.number


def _within(number: int, rank: int) -> int:
    return WITHIN * (number + 1) + rank


def _inside(paper: Paper, rank: int, name: str) -> Paper:
    kind = "application/octet-stream"
    return Paper(_within(paper.number, rank), name, paper.title, kind)


def _pages(part: Part) -> Iterator[Part]:
    """The HTML of this message, not of those in it."""
    if part.kind == "text/html":
        yield part
    elif not part.is_message:
        for inner in part.parts:
            yield from _pages(inner)


def _size(part: Part) -> int:
    return 1 + sum(_size(inner) for inner in part.parts)


def _is_blank(part: Part) -> bool:
    """Nothing is written in it."""
    if part.parts:
        return all(_is_blank(inner) for inner in part.parts)
    return not words_of(part)
