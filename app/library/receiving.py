"""Bytes come in: stored and hashed as they flow, measured, and told what they are like.

No transaction is open meanwhile. What is refused leaves nothing in the store; what is
kept is not yet a document: `deposit` makes it one.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain

import filetype
from flask import current_app

from app.errors import Refused
from app.formats import filesize
from app.library.inspecting import Inspection
from app.library.naming import clean_name, split_extension
from app.storage import Storage, Stored, Writer
from app.texts import gettext as _

SNIFFED = 8192  # bytes that `filetype` looks at
PROGRAMS = (
    ".exe .com .bat .cmd .scr .pif .msi .msp .jar .js .jse .vbs .vbe .wsf .wsh "
    ".ps1 .hta .lnk .reg .cpl .dll .sh .app .apk"
)
BY_EXTENSION = {
    ".pdf": "application/pdf",
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
}


class TooLarge(Refused):
    status = 413


@dataclass(frozen=True)
class Received:
    """A file in the store that is not a document yet."""

    stored: Stored
    name: str
    original_name: str
    content_type: str
    # What keeps it from being booked, and a PDF's pages (`inspecting`).
    defect: str | None = None
    pages: int | None = None


def store() -> Storage:
    storage: Storage = current_app.extensions["guichet.storage"]
    return storage


def receive(chunks: Iterable[bytes], raw_name: str | None) -> Received:
    """Store the stream. Raises Refused with the reason, having kept nothing."""
    name = clean_name(raw_name, fallback=_("Untitled document"))
    limit = current_app.config["MAX_UPLOAD_MB"] * 1_000_000
    pieces = _gathered(chunks)
    first = next(pieces)
    head, size = first[:SNIFFED], 0
    content_type = sniff(head, name)
    with store().writer() as writer, closing(Inspection(content_type, name)) as seen:
        for chunk in chain([first], pieces):
            size += len(chunk)
            if size <= limit:
                writer.write(chunk)
                seen.write(chunk)
        _refuse_what_cannot_be_kept(writer, name, head, size, limit)
        found = seen.findings()
        stored = writer.finish()
    return Received(stored, name, (raw_name or "")[:1000], content_type, *found)


def _gathered(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes; what is looked at to tell their kind is in the first piece."""
    coming, first = (chunk for chunk in chunks), b""
    for chunk in coming:
        first += chunk
        if len(first) >= SNIFFED:
            break
    yield first
    yield from coming


def give_back(received: Received) -> None:
    """Take a file out of the store again that will not become a document."""
    store().delete(received.stored.key)


def sniff(head: bytes, name: str) -> str:
    """The media type by the first bytes, else by the extension; never as declared."""
    extension = split_extension(name)[1].lower()
    found = filetype.guess_mime(head) if head else None
    if found == "application/zip" and extension in BY_EXTENSION:
        return BY_EXTENSION[extension]
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    if found:
        return str(found)
    if extension == ".pdf":
        return "application/octet-stream"  # called a PDF, but is none
    return BY_EXTENSION.get(extension, "application/octet-stream")


def _refuse_what_cannot_be_kept(
    writer: Writer, name: str, head: bytes, size: int, limit: int
) -> None:
    try:
        if size == 0:
            raise Refused(_("Refused: the file is empty (0 bytes). Scan it again."))
        if size > limit:
            raise TooLarge(
                _(
                    "Refused: %(size)s, the limit is %(limit)s per file.",
                    size=filesize(size),
                    limit=filesize(limit),
                )
            )
        if _is_program(head, name):
            raise Refused(_("Refused: this file contains a program. Nothing was kept."))
    except Refused:
        writer.abort()
        raise


def _is_program(head: bytes, name: str) -> bool:
    return (
        head.startswith((b"MZ", b"\x7fELF"))
        or split_extension(name)[1].lower() in PROGRAMS.split()
    )
