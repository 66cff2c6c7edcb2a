"""A message to its letter and the things in it: what is a document, and what is not.

It is taken apart in a process of limited memory and time that knows no secrets
(`apart_mail`); what breaks that is kept, and a person looks at it.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, BinaryIO

from flask import current_app

from app import apart
from app.collection.models import InboundMail
from app.collection.naming import named
from app.library.receiving import store
from app.mailroom.letters import HEAD, MEGABYTES, MESSAGE, SECONDS, read_apart
from app.mailroom.reading import Letter, from_json

PIECE = 1 << 20


@dataclass(frozen=True)
class Item:
    """One thing in the message, in the order of its parts."""

    number: int
    raw_name: str  # as the sender wrote it, or made up where it had none
    content_type: str  # as declared
    size: int
    sha256: str
    # A document, or why it is none: signature, image, inline_image (large enough to be
    # a photo), report, answer, empty, external, encrypted, formatting or partial.
    ignored: str = ""
    at: int = 0


@dataclass(frozen=True)
class Reading:
    letter: Letter
    items: tuple[Item, ...] = ()
    # Why the whole of it cannot be filed by itself: oversize, damaged or partial. What
    # could be read of a damaged one is in `items`.
    defect: str = ""
    # The message as it came.
    source: BinaryIO = field(default_factory=BytesIO, repr=False)
    _result: BinaryIO | None = field(default=None, repr=False)

    @property
    def documents(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if not item.ignored)

    def beginning(self, most: int) -> bytes:
        """The first bytes of the message."""
        self.source.seek(0)
        return self.source.read(most)

    def contents(self, item: Item) -> Iterator[bytes]:
        """Of any item, also of one that is no document."""
        left = item.size
        if self._result is not None:
            self._result.seek(item.at)
            while left and (piece := self._result.read(min(PIECE, left))):
                left -= len(piece)
                yield piece


@contextmanager
def opened(mail: InboundMail) -> Iterator[Reading]:
    """What is in a kept mail; no transaction is to be open. Raises StorageUnavailable
    or Missing."""
    with (
        store().open(mail.storage_key or "") as raw,
        reading_of(raw, unzip=mail.is_unzipped) as found,
    ):
        yield found


@contextmanager
def reading_of(raw: BinaryIO, *, unzip: bool = False) -> Iterator[Reading]:
    """What is in the message; the contents can be had while the context lasts. `unzip`:
    an archive's files are documents, where it can be opened safely; else it is one.

    Never raises for what the message is; OSError where the disk is full.
    """
    most = current_app.config["MAX_MAIL_MB"] * 1_000_000
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as made:
        shutil.copyfileobj(raw, source)
        source.seek(0)
        yield _open(source, made, most, unzip) or _broken(source)


def _open(source: BinaryIO, made: BinaryIO, most: int, unzip: bool) -> Reading | None:
    said = apart.ask(
        "mail",
        source,
        MESSAGE,
        made,
        seconds=SECONDS,
        megabytes=MEGABYTES,
        most=most,
        unzip=unzip,
    )
    try:
        return _reading(said, source, made) if said else None
    except (KeyError, TypeError, ValueError):
        return None


def _reading(said: dict[str, Any], source: BinaryIO, made: BinaryIO) -> Reading:
    letter = from_json(said["letter"])
    items = tuple(
        Item(
            number=paper["number"],
            raw_name=name,
            content_type=paper["content_type"],
            size=paper["size"],
            sha256=paper["sha256"],
            ignored=paper["ignored"],
            at=paper["at"],
        )
        for paper, name in named(said["papers"], made)
    )
    return Reading(letter, items, said["defect"], source, made)


def _broken(source: BinaryIO) -> Reading:
    """The headers alone, that the person who looks at it may see whom it is from."""
    source.seek(0)
    letter = read_apart(source.read(HEAD))
    return Reading(letter, defect="damaged", source=source)
