"""Of what kind a part is by where it stands: a paper, the letter's text, or neither."""

import re
from dataclasses import dataclass, replace
from unicodedata import normalize

from app.mailroom.opening import pictures
from app.mailroom.opening.parameters import (
    name_of,
    parameters,
    raw_header,
    value_of,
)
from app.mailroom.opening.part import Part
from app.mailroom.opening.payloads import chunks, is_file
from app.mailroom.parts import header, is_attached

_REPORTS = {
    *("message/delivery-status", "message/global-delivery-status"),
    *("message/disposition-notification", "message/global-disposition-notification"),
    *("message/feedback-report", "text/rfc822-headers", "message/global-headers"),
}
_SIGNATURES = {
    *("application/pkcs7-signature", "application/x-pkcs7-signature"),
    *("application/pgp-signature", "application/pgp-keys"),
    "application/pgp-encrypted",  # only says that what follows is (RFC 3156, 4)
}
_SIGNATURE_ENDINGS = (".p7s", ".asc")
# Of a letter: what says the same otherwise is in `multipart/alternative`.
_LETTERS = {"text/plain", "text/html", "text/enriched", "text/richtext"}
# What the letter is made of, even with a name: another form of it, or what it shows.
_FORMS = _LETTERS | {"text/calendar", "text/rtf", "text/x-amp-html", "text/watch-html"}
_SHOWN = {"text/html", "text/css", "text/javascript"}
_PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".svg", ".webp")
# The half of a Macintosh file that nobody else reads (RFC 1740); how a telephone shows
# the pictures of a message (MMS).
_NOT_FOR_PEOPLE = {
    *("application/applefile", "application/smil", "application/smil+xml"),
}


# Of a calendar that is a letter itself (RFC 6047): whom it asks, and who answers.
_CALENDARS = {"text/calendar", "application/ics", "text/x-vcalendar"}
_METHOD = re.compile(rb"^METHOD\s*:\s*([A-Za-z]{1,40})", re.MULTILINE)
_ANSWERS = {"reply", "counter", "declinecounter", "refresh"}
# What Exchange makes of the text between and behind what was attached, and how much
# of it may be marks alone.
_BETWEEN = re.compile(r"att\d{3,6}\.(?:txt|html?)")
_MARKS = re.compile(
    rb"<(?:head|style|title)\b.*?</(?:head|style|title)>|<[^>]*>|&nbsp;",
    re.IGNORECASE | re.DOTALL,
)
_MOST_MARKS = 10_000


@dataclass(frozen=True)
class Place:
    """Where a part stands: the kind of what it is directly in, and its rank there."""

    container: str = ""
    rank: int = 0
    is_report: bool = False
    # Of the message that it is in
    cids: frozenset[str] = frozenset()
    title: str = ""

    def within(self, message: Part, cids: set[str]) -> "Place":
        title = header(message.message, "Subject")
        return replace(self, cids=frozenset(cids), title=title)

    def inside(self, part: Part, rank: int) -> "Place":
        is_report = self.is_report or part.kind == "multipart/report"
        return replace(self, container=part.kind, rank=rank, is_report=is_report)


def reason_of(part: Part, place: Place) -> str | None:
    """Nothing for a paper, else why it is none; None for a part of the letter."""
    kind, name = part.kind, normalize("NFKC", name_of(part.message)).strip().lower()
    if kind == "message/external-body":
        return "external"  # nothing is fetched
    if kind == "message/partial":
        return "partial"
    if _is_letter(part, place, bool(name)):
        return None
    if place.is_report or kind in _REPORTS:
        return "report"
    if place.container == "multipart/encrypted" and kind not in _SIGNATURES:
        return "encrypted"
    return _why_none(part, place, name)


def _why_none(part: Part, place: Place, name: str) -> str:
    kind = part.kind
    if kind in _CALENDARS and _method_of(part) in _ANSWERS:
        return "answer"
    if _BETWEEN.fullmatch(name) and kind in _LETTERS and _is_marks_alone(part):
        return "formatting"
    if kind in _SIGNATURES or name.endswith(_SIGNATURE_ENDINGS):
        return "signature"
    if _is_picture(kind, name) and pictures.is_shown(
        part, place.cids, place.container, place.rank == 0
    ):
        return "image"
    return ""


def _is_letter(part: Part, place: Place, has_name: bool) -> bool:
    kind = part.kind
    if kind in _NOT_FOR_PEOPLE:
        return True
    if is_attached(part.message) or not kind.startswith("text/") or is_file(part):
        return False
    if kind in _CALENDARS and _method_of(part):
        return True
    if place.container == "multipart/alternative":
        return not has_name or kind in _FORMS
    if place.container == "multipart/related" and place.rank:
        return not has_name or kind in _SHOWN
    return kind in _LETTERS and not has_name


def _method_of(part: Part) -> str:
    """Of a calendar: REQUEST, REPLY…, as its headers say or as stands in it."""
    written = raw_header(part.message, "Content-Type")
    if said := value_of(parameters(written), "method").strip().lower():
        return said
    found = _METHOD.search(next(chunks(part), b"")[:_MOST_MARKS])
    return found[1].decode().lower() if found else ""


def _is_marks_alone(part: Part) -> bool:
    """Only blanks of a page, where it is short."""
    content = next(chunks(part), b"")
    return len(content) <= _MOST_MARKS and not _MARKS.sub(b"", content).strip()


def _is_picture(kind: str, name: str) -> bool:
    is_named_so = kind.startswith("application/oct") and name.endswith(_PICTURE_ENDINGS)
    return kind.startswith("image/") or is_named_so


def words_of(part: Part) -> bytes:
    """What is in it but blanks."""
    return part.whole[part.start : part.end].strip()
