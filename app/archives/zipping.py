"""A ZIP that flows: written file by file into whatever takes its chunks.

Nothing is compressed (most documents are already), nothing is kept in memory, and a
file that is not to be had is left out and named; the rest comes all the same.
"""

import io
import logging
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from flask_babel import to_user_timezone

from app.blobs import Missing, StorageUnavailable

log = logging.getLogger(__name__)
CHUNK = 256 * 1024


@dataclass(frozen=True)
class Part:
    """A file to be. `moment` is in the zone that the archive is to show."""

    path: str
    moment: datetime
    size: int
    open: Callable[[], BinaryIO]


def text_part(path: str, moment: datetime, content: bytes) -> Part:
    return Part(path, moment, len(content), lambda: io.BytesIO(content))


def local(at: datetime) -> datetime:
    moment: datetime = to_user_timezone(at)
    return moment


class Zip:
    """Parts are added in any number, each giving the bytes that are ready."""

    def __init__(self) -> None:
        self._out = _Chunks()
        self._file = zipfile.ZipFile(self._out, "w", zipfile.ZIP_STORED)  # type: ignore[call-overload]
        self.missing: list[str] = []  # paths of what was not to be had whole

    def add(self, part: Part) -> Iterator[bytes]:
        try:
            blob = part.open()
        except (Missing, StorageUnavailable) as error:
            log.error("not in an archive, its file cannot be read: %r", error)
            self.missing.append(part.path)
            return
        with closing(blob), self._file.open(_head(part), "w") as target:
            yield self._out.take()
            read = 0
            try:
                while chunk := blob.read(CHUNK):
                    read += target.write(chunk)
                    yield self._out.take()
            except StorageUnavailable as error:
                log.error("cut short in an archive: %r", error)
            if read != part.size:
                self.missing.append(part.path)
        yield self._out.take()

    def close(self) -> Iterator[bytes]:
        self._file.close()
        yield self._out.take()


def _head(part: Part) -> zipfile.ZipInfo:
    moment = part.moment.timetuple()[:6]
    head = zipfile.ZipInfo(part.path, max(moment, (1980, 1, 1, 0, 0, 0)))
    head.compress_type = zipfile.ZIP_STORED
    head.file_size = part.size
    head.external_attr = 0o644 << 16
    return head


class _Chunks:
    """A file that cannot be gone back in: what is written waits to be taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken
