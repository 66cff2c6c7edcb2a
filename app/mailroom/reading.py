"""Bytes that anybody may have written, to what the firm's people read of them.

Never raises, whatever the bytes, and never takes long: what is too deep or too large
is left out, and stays in the original.
"""

import re
from dataclasses import asdict, dataclass
from email.message import Message
from typing import Any

from app.mailroom import decoding, reports
from app.mailroom.links import Link
from app.mailroom.opening.splitting import split
from app.mailroom.parts import (
    RETURNED_HEADERS,
    body,
    first_returned,
    header,
    is_report,
    is_returned,
    raw_header,
    safely,
    type_of,
    walk,
)
from app.mailroom.reports import Report
from app.mailroom.texts import text_and_links

MOST_READ = 2_000_000  # bytes: text and reports stand before large attachments
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\\\"@]{1,64}@[^\s<>()\[\],;:\\\"@]{1,253}")
_BRACKETED = re.compile(r"<\s*([^<>\s]*@[^<>\s]*)\s*>[^<>]*\Z")
_REPORT = re.compile(
    r"message/(?:global-)?(delivery-status|disposition-notification|feedback-report)"
)
_QUOTED_ID = re.compile(
    r"^[>\s]{0,20}message-id:.{0,600}", re.IGNORECASE | re.MULTILINE
)
_DELIVERY_ID = re.compile(
    r"^[>\s]{0,20}x-delivery-id:\s{0,20}([0-9a-f-]{36})\b", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
class Letter:
    """All of it on one line each, save the text; nothing of it is to be believed."""

    subject: str = ""
    from_name: str = ""
    from_address: str = ""
    text: str = ""
    links: tuple[Link, ...] = ()
    message_id: str = ""
    # Message-IDs that it answers, the nearest first.
    answers: tuple[str, ...] = ()
    auto_submitted: str = ""  # no, auto-generated, auto-replied… or nothing
    report: Report | None = None
    # delivery-status, disposition-notification (a receipt)… or nothing
    report_type: str = ""
    # Message-IDs of what was returned with it, or that its text names.
    returned: tuple[str, ...] = ()
    # X-Delivery-Id, from the same places.
    delivery_id: str = ""


def read(raw: bytes) -> Letter:
    return letter_of(split(raw[:MOST_READ]).root.message)


def letter_of(message: Message) -> Letter:
    parts = list(walk(message))
    text, links = text_and_links(parts)
    name, address = _sender(raw_header(message, "From"))
    return Letter(
        subject=header(message, "Subject")[:500],
        from_name=name[:255],
        from_address=address[:320],
        text=text,
        links=links,
        message_id=message_id_of(message)[:500],
        answers=_answers(message),
        auto_submitted=_first_word(header(message, "Auto-Submitted")),
        report=_report(parts[: first_returned(parts)]),
        report_type=_report_type(parts[: first_returned(parts)]),
        returned=_returned(parts, text),
        delivery_id=_delivery_id(parts, text),
    )


def as_json(letter: Letter) -> dict[str, Any]:
    return asdict(letter)


def from_json(said: dict[str, Any]) -> Letter:
    """What `as_json` made, of whoever read it apart. Raises TypeError or ValueError."""
    lists = {"answers": tuple(said["answers"]), "returned": tuple(said["returned"])}
    links = tuple(Link(**link) for link in said["links"])
    report = Report(**said["report"]) if said["report"] else None
    return Letter(**{**said, **lists, "links": links, "report": report})


def _sender(raw: str) -> tuple[str, str]:
    """(name, address): the address that stands last, as mail programs read it."""
    if bracketed := _BRACKETED.search(raw):
        name = decoding.header(raw[: bracketed.start()])
        return name.strip("\"' "), decoding.line(bracketed[1]).lower()
    found = _ADDRESS.findall(raw)
    address = decoding.line(found[-1]).lower() if found else ""
    return ("" if address else decoding.header(raw)), address


def _first_word(value: str) -> str:
    return re.split(r"[\s;(]", value.lower(), maxsplit=1)[0][:40]


def message_id_of(message: Message) -> str:
    found = reports.ids_in(raw_header(message, "Message-ID"))
    return found[0] if found else header(message, "Message-ID")


def _answers(message: Message) -> tuple[str, ...]:
    nearest = reports.ids_in(raw_header(message, "In-Reply-To"))
    thread = reports.ids_in(raw_header(message, "References"), most=100)
    return tuple(dict.fromkeys([*nearest, *reversed(thread)]))[:20]


def _report(parts: list[Message]) -> Report | None:
    found = (safely(None, reports.of, part) for part in parts if is_report(part))
    return next((report for report in found if report), None)


def _report_type(parts: list[Message]) -> str:
    """By the part that a program reads; who sends one also says so, or forgets it."""
    found = (_REPORT.fullmatch(type_of(part)) for part in parts)
    return next((match[1] for match in found if match), "")


def _returned(parts: list[Message], text: str) -> tuple[str, ...]:
    """The returned headers say it best; a bounce of the old kind quotes them."""
    ids: list[str] = []
    for part, following in zip(parts, [*parts[1:], Message()], strict=True):
        if type_of(part) in RETURNED_HEADERS:
            ids += _quoted_ids(body(part))
        elif is_returned(part):
            ids += reports.ids_in(raw_header(following, "Message-ID"))
    return tuple(dict.fromkeys([*ids, *_quoted_ids(text)]))[:20]


def _delivery_id(parts: list[Message], text: str) -> str:
    """The first one: of the headers that came back, or as the text quotes them."""
    for part, following in zip(parts, [*parts[1:], Message()], strict=True):
        if is_returned(part):
            headers = f"X-Delivery-Id: {raw_header(following, 'X-Delivery-Id')}"
            if found := _DELIVERY_ID.search(f"{headers}\n{body(part)}"):
                return found[1].lower()
    quoted = _DELIVERY_ID.search(text)
    return quoted[1].lower() if quoted else ""


def _quoted_ids(text: str) -> list[str]:
    lines = _QUOTED_ID.findall(text)
    return [found for line in lines[:20] for found in reports.ids_in(line)]
