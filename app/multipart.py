"""Read a multipart/form-data body as it arrives, part by part, in order.

Nothing is spooled. A file ends only where its boundary stands: a body cut short,
malformed or followed by stray bytes raises `BadUpload` to whoever is reading it.
"""

import re
import sys
from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple, Protocol, Self

from multipart import (  # type: ignore[import-untyped]  # ships no py.typed
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)
from werkzeug.exceptions import RequestEntityTooLarge

from app.disposition import names_of

# gunicorn receives up to 1 MB at once, and copies what is over at each smaller read.
CHUNK = 1024 * 1024
HEADER_BYTES = 8 * 1024


class BadUpload(Exception):
    """The body cannot be read to its end; what was read of it is not to be kept."""


class NotMultipart(BadUpload):
    """The content type is not multipart/form-data with a usable boundary."""


class Malformed(BadUpload):
    """The body breaks the format, or says something that cannot be read safely."""


class HeaderTooLong(Malformed):
    """More is said of a part than is read: its file's name has thousands of letters."""


class Truncated(BadUpload):
    """The body ends too early: the connection was cut."""


class TooManyParts(BadUpload):
    """More parts than the reader accepts."""


class FieldTooLarge(BadUpload):
    """A field that is not a file exceeds its limit."""


class Stream(Protocol):
    """What a server gives as wsgi.input, or Flask as request.stream."""

    def read(self, size: int, /) -> bytes: ...


class Field(NamedTuple):
    name: str
    value: str


class File:
    """A file being received: iterate over its bytes once, before the next part.

    `filename` is what was sent: "" when a browser's file input was left empty, None
    when the part has a type of its own but no name.
    """

    def __init__(
        self,
        name: str,
        filename: str | None,
        content_type: str | None,
        events: Iterator[bytes | None],
    ) -> None:
        self.name = name
        self.filename = filename
        self.content_type = content_type
        self._events = events
        self._ended = False
        self._passed = False

    def __iter__(self) -> Self:
        if self._ended:
            raise RuntimeError("A file being received is read only once")
        return self

    def __next__(self) -> bytes:
        if self._passed:
            raise RuntimeError("The next part was asked for: this one is gone")
        if self._ended:
            raise StopIteration
        chunk = next(self._events, b"")
        if chunk is None:
            self._ended = True
            raise StopIteration
        if not chunk:
            raise Truncated("This body already failed")
        return chunk

    def skip(self) -> None:
        """Pass over what was not read, so that nobody takes the rest for the whole."""
        if not self._ended:
            for _ in self:
                pass
            self._passed = True


def read(
    stream: Stream,
    content_type: str,
    content_length: int | None,
    *,
    max_field_bytes: int = 64 * 1024,
    max_parts: int = 1000,
) -> Iterator[Field | File]:
    """Never reads past the content length; without one, `stream` knows its end."""
    files = _files(stream, content_type, content_length, max_parts)
    return _parts(files, max_field_bytes)


def read_bytes(
    stream: Stream, content_type: str, *, max_parts: int = 1000
) -> Iterator[tuple[str, bytes]]:
    """Each part's name and its bytes as they came, whatever their charset, files or
    not; for a body whose length somebody else holds to a limit."""
    for part in _files(stream, content_type, None, max_parts):
        yield part.name, b"".join(part)


def drain(stream: Stream, at_most: int) -> bool:
    """Discard what is still coming; True when the end was reached.

    Browsers show an answer only once their request is sent: when False, closing the
    connection is all that is left. `stream` must know where it ends.
    """
    try:
        while at_most > 0 and (chunk := _receive(stream, min(CHUNK, at_most))):
            at_most -= len(chunk)
        return not _receive(stream, 1)
    except (Truncated, RequestEntityTooLarge):
        return False


def _receive(stream: Stream, size: int) -> bytes:
    try:
        return stream.read(size)
    except RequestEntityTooLarge:
        raise
    except Exception as error:  # each server has its own errors for a cut connection
        raise Truncated("The connection was cut") from error


def _chunks(stream: Stream, length: int | None) -> Iterator[bytes]:
    left = sys.maxsize if length is None else length
    while left > 0 and (chunk := _receive(stream, min(CHUNK, left))):
        left -= len(chunk)
        yield chunk
    if length is not None and left > 0:
        raise Truncated(f"{left} of {length} bytes never came")


def _events(
    chunks: Iterator[bytes], boundary: str
) -> Iterator[MultipartSegment | bytes | None]:
    """For each part: its headers, its bytes, None where it ends."""
    parser = PushMultipartParser(
        boundary, header_charset="latin-1", max_header_size=HEADER_BYTES
    )
    closing = f"\r\n--{boundary}--".encode()
    recent, event = b"\r\n", None
    for chunk in chunks:
        try:
            for event in parser.parse(chunk):
                yield event
        except ParserLimitReached as error:
            raise HeaderTooLong(str(error)) from error
        except MultipartError as error:
            raise Malformed(str(error)) from error
        if event is None:
            _, closed, epilogue = (recent + chunk).partition(closing)
            if closed:
                break
        recent = (recent + chunk[-len(closing) :])[-len(closing) :]
    else:
        raise Truncated("The closing boundary never came")
    # The parser ignores what follows: part of a file that contains the boundary?
    if any(rest.strip() for rest in chain([epilogue], chunks)):
        raise Malformed("Bytes after the closing boundary")


def _with_bodies(
    events: Iterator[MultipartSegment | bytes | None], boundary: str
) -> Iterator[MultipartSegment | bytes | None]:
    """The same. The parser overlooks the end of a part that has no blank line before it
    (RFC 2046, 5.1.1), and would give the next part as this one's bytes."""
    delimiter, beginning = f"--{boundary}".encode(), b""
    for event in events:
        if isinstance(event, MultipartSegment):
            beginning = b""
        elif event and len(beginning) < len(delimiter):
            beginning += event[: len(delimiter)]
            if beginning.startswith(delimiter):
                raise Malformed("A part without a body")
        yield event


def _files(
    stream: Stream, content_type: str, content_length: int | None, max_parts: int
) -> Iterator[File]:
    kind, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not re.fullmatch(r"[!-~ ]{1,200}", boundary):
        raise NotMultipart(f"Not a form with files: {content_type[:200]!r}")
    events = _events(_chunks(stream, content_length), boundary)
    return _opened_each(_with_bodies(events, boundary), max_parts)


def _opened_each(events: Iterator[Any], max_parts: int) -> Iterator[File]:
    for count, segment in enumerate(events, start=1):
        if count > max_parts:
            raise TooManyParts(f"More than {max_parts} parts")
        part = _opened(segment, events)
        yield part
        part.skip()


def _parts(files: Iterator[File], max_field_bytes: int) -> Iterator[Field | File]:
    for part in files:
        if part.filename is None and part.content_type in {None, "text/plain"}:
            yield Field(part.name, _value(part, max_field_bytes))
        else:
            yield part


def _opened(segment: MultipartSegment, events: Iterator[bytes | None]) -> File:
    encoding = segment.header("Content-Transfer-Encoding", "binary").strip().lower()
    if encoding not in {"binary", "8bit", "7bit"}:
        raise Malformed(f"Encoded part: {encoding[:40]!r}")
    try:
        name, filename = names_of(segment.header("Content-Disposition"))
    except ValueError as error:
        raise Malformed(str(error)) from error
    return File(name, filename, segment.content_type, events)


def _value(part: File, limit: int) -> str:
    value = bytearray()
    for chunk in part:
        value += chunk
        if len(value) > limit:
            raise FieldTooLarge(f"{part.name[:100]!r} exceeds {limit} bytes")
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"{part.name[:100]!r} is not text in UTF-8") from error
