"""A message to its letter and the things in it: what is a document, and what is not."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import Message
from email.parser import BytesParser
from typing import BinaryIO

from app.mailroom.parts import safely, type_of, walk
from app.mailroom.reading import Letter, read


@dataclass(frozen=True)
class Item:
    """One thing in the message, in the order of its parts."""

    number: int
    raw_name: str
    content_type: str  # as declared
    size: int
    sha256: str
    # A document, or why it is none: signature, image, report, empty…
    ignored: str = ""


@dataclass(frozen=True)
class Reading:
    letter: Letter
    items: tuple[Item, ...] = ()
    # Why the whole of it cannot be filed by itself: oversize, damaged, partial…
    defect: str = ""
    _contents: dict[int, bytes] = field(default_factory=dict)

    @property
    def documents(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if not item.ignored)

    def contents(self, item: Item) -> Iterator[bytes]:
        yield self._contents[item.number]


@contextmanager
def reading_of(raw: BinaryIO) -> Iterator[Reading]:
    """What is in the message; the contents can be had while the context lasts."""
    whole = raw.read()
    message = BytesParser(policy=policy.default).parsebytes(whole)
    items, contents = [], {}
    for number, part in enumerate(walk(message)):
        if part.is_multipart() or not _is_attachment(part):
            continue
        payload = safely(b"", part.get_payload, None, True) or b""
        name = safely("", part.get_filename) or ""
        contents[number] = bytes(payload)  # type: ignore[arg-type]
        digest = hashlib.sha256(contents[number]).hexdigest()
        items.append(Item(number, name, type_of(part), len(contents[number]), digest))
    yield Reading(read(whole), tuple(items), _contents=contents)


def _is_attachment(part: Message) -> bool:
    return bool(safely(None, part.get_filename)) or type_of(part) == "application/pdf"
