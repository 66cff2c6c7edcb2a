"""What a delivery report says (RFC 3464), and what a bounce without one lets guess."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message

from app.delivery.xtext import from_xtext
from app.mailroom import decoding

LONGEST = 1000
_FIELD = re.compile(r"^([A-Za-z-]{1,40}):[ \t]*(.{0,2000})", re.MULTILINE)
_ID = re.compile(r"<[^<>\s]{1,250}@[^<>\s]{1,250}>")


@dataclass(frozen=True)
class Report:
    """`action`: failed, delayed, delivered, relayed or expanded; `status`: 5.1.1."""

    action: str
    status: str
    recipient: str
    diagnostic: str
    envelope_id: str = ""  # what our server was given as ENVID (RFC 3461)


def of(part: Message) -> Report | None:
    """The report in a message/delivery-status part: of the first recipient that
    failed, else of the first one. What an address stands for may be several: where
    one of them failed, the tool may not have it."""
    payload = part.get_payload()
    blocks = payload if isinstance(payload, list) else [str(payload)]
    read = [_fields(block) for block in blocks[:50]]
    names = (fields.get("original-envelope-id", "") for fields in read)
    envelope_id = from_xtext(next(filter(None, names), ""))[:100]
    reports = [r for fields in read if (r := _of_recipient(fields, envelope_id))]
    failed = (report for report in reports if report.action == "failed")
    return next(failed, reports[0] if reports else None)


def _fields(block: object) -> dict[str, str]:
    fields: dict[str, str] = {}
    pairs: Iterable[tuple[str, object]] = (
        block.items() if isinstance(block, Message) else _FIELD.findall(str(block))
    )
    for name, value in pairs:
        clean = decoding.header(str(value)[: 2 * LONGEST])[:LONGEST]
        fields.setdefault(name.lower(), clean)
    return fields


def _of_recipient(fields: dict[str, str], envelope_id: str) -> Report | None:
    if "action" not in fields:
        return None
    return Report(
        action=fields["action"].lower().split(" ")[0][:20],
        status=fields.get("status", "")[:20],
        recipient=_value(fields.get("final-recipient", "")),
        diagnostic=_value(fields.get("diagnostic-code", "")),
        envelope_id=envelope_id,
    )


def _value(typed: str) -> str:
    """Behind the type: `smtp; 550 No such user`, `rfc822; x@y`."""
    kind, mark, value = typed.partition(";")
    return value.strip() if mark and " " not in kind.strip() else typed


def ids_in(text: str, most: int = 20) -> tuple[str, ...]:
    """Everything that looks like a Message-ID, in order, each once."""
    found = (match[0] for match in _ID.finditer(decoding.line(text)))
    return tuple(dict.fromkeys(found))[:most]
