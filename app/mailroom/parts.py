"""The parts of a message, walked over without trust: what is malformed is left out."""

from collections.abc import Callable, Iterator
from email import policy
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from typing import Any, TypeVar

from app.mailroom import decoding

MOST_BODY = 1_000_000  # bytes of one text
MOST_HEADERS = 256_000
MOST_PARTS = 1000
DEEPEST = 20
LONGEST_HEADER = 5000
# What the library raises for one malformed message or another.
BROKEN = (
    *(ValueError, LookupError, TypeError, AttributeError, AssertionError),
    *(RecursionError, MessageError),
)
_REPORTS = {"message/delivery-status", "message/global-delivery-status"}
RETURNED_HEADERS = {"text/rfc822-headers", "message/global-headers"}
_RETURNED = {"message/rfc822", "message/global"} | RETURNED_HEADERS

T = TypeVar("T")


def safely(otherwise: T, act: Callable[..., T], *given: Any) -> T:
    try:
        return act(*given)
    except BROKEN:
        return otherwise


def headers_of(raw: bytes) -> Message:
    """The headers alone."""
    parse = BytesParser(policy=policy.compat32).parsebytes
    return safely(Message(), parse, raw[:MOST_HEADERS], True)


def walk(message: Message) -> Iterator[Message]:
    """The message and its parts in order; of a returned message too."""
    waiting = [(message, 0)]
    for _ in range(MOST_PARTS):
        if not waiting:
            return
        part, depth = waiting.pop()
        yield part
        if depth < DEEPEST and not is_report(part):
            waiting += [(child, depth + 1) for child in reversed(messages_in(part))]


def messages_in(part: Message) -> list[Message]:
    """Its parts; a text, which might not be read, is not asked for."""
    inside = part.get_payload() if part.is_multipart() else []
    return [child for child in inside if isinstance(child, Message)]


def type_of(part: Message) -> str:
    return safely("application/octet-stream", part.get_content_type)


def is_report(part: Message) -> bool:
    return type_of(part) in _REPORTS


def is_returned(part: Message) -> bool:
    return type_of(part) in _RETURNED


def first_returned(parts: list[Message]) -> int:
    """Where the message itself ends, and what came back with it begins."""
    return next(
        (n for n, part in enumerate(parts) if n and is_returned(part)), MOST_PARTS
    )


def is_attached(part: Message) -> bool:
    return safely(None, part.get_content_disposition) == "attachment"


def raw_header(message: Message, name: str) -> str:
    """As it was written, encoded words and all; nothing where there is none."""
    return safely("", _as_written, message, name)[:LONGEST_HEADER]


def header(message: Message, name: str) -> str:
    return decoding.header(raw_header(message, name))


def _as_written(message: Message, name: str) -> str:
    value = message.get(name, "")
    # One with bytes beyond ASCII comes as an object that keeps them apart.
    chunks = getattr(value, "_chunks", None)
    if chunks is None:
        return str(value)
    return "".join(str(text) for text, _charset in chunks)


def body(part: Message) -> str:
    raw: object = safely(None, part.get_payload, None, True)
    if not isinstance(raw, bytes):
        return ""
    charset: object = safely(None, part.get_param, "charset")
    return decoding.decoded(raw[:MOST_BODY], str(charset or ""))
