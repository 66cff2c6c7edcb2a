"""Where the bytes of documents are kept: a directory or a bucket, the same promise.

A file is visible whole after `finish`, and never before; `abort`, an exception or a
crash leaves none.
"""

import io
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from app.blobs import (
    KEY,
    READ_BUFFER,
    Missing,
    Reader,
    StorageUnavailable,
    Stored,
    Writer,
    checked,
    failures_surface,
)
from app.s3 import S3Storage

FLUSH_STEP = 4 * 1024 * 1024

__all__ = [
    "FileStorage",
    "Missing",
    "S3Storage",
    "Storage",
    "StorageUnavailable",
    "Stored",
    "Writer",
    "storage_from_url",
]


class Storage(Protocol):
    """Where files are kept. Deleting a missing key is harmless.

    Ages are by the storage's own clock, since the last byte was written.
    """

    def writer(self) -> "Writer": ...
    def open(self, key: str) -> BinaryIO: ...
    def exists(self, key: str) -> bool: ...
    def delete(self, key: str) -> None: ...

    def keys(self, older_than: timedelta, start: str = "") -> Iterator[str]:
        """Of the files that are so old, those whose key starts so; in no order."""
        ...

    def drop_unfinished(self, older_than: timedelta, *, dry_run: bool) -> int:
        """Uploads that never came to their end, nor will; gives how many."""
        ...


def storage_from_url(url: str) -> Storage:
    """Read STORAGE_URL: file:///absolute, file://relative or s3://bucket/prefix?…"""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc + parts.path:
        return FileStorage(Path(unquote(parts.netloc + parts.path)))
    options = dict(parse_qs(parts.query))
    endpoint, region = options.pop("endpoint_url", [""]), options.pop("region", [""])
    is_address = not endpoint[-1] or endpoint[-1].startswith(("http://", "https://"))
    if parts.scheme == "s3" and parts.netloc and is_address and not options:
        prefix = unquote(parts.path).strip("/")
        return S3Storage(parts.netloc, prefix, endpoint[-1], region[-1])
    raise ValueError(
        "STORAGE_URL is neither file://PATH nor "
        "s3://BUCKET[/PREFIX][?endpoint_url=ADDRESS&region=NAME]"
    )


class FileStorage:
    """Files under a directory of the local disk."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def writer(self) -> Writer:
        with failures_surface():
            return FileWriter(self._root)

    def open(self, key: str) -> BinaryIO:
        with failures_surface():
            try:
                return io.BufferedReader(
                    Reader(io.FileIO(self._path(key))), READ_BUFFER
                )
            except FileNotFoundError as error:
                raise Missing(key) from error

    def exists(self, key: str) -> bool:
        with failures_surface():
            return self._path(key).is_file()

    def delete(self, key: str) -> None:
        with failures_surface():
            self._path(key).unlink(missing_ok=True)

    def keys(self, older_than: timedelta, start: str = "") -> Iterator[str]:
        until = time.time() - older_than.total_seconds()
        with failures_surface():
            for folder in self._root.glob(f"{start[:2]}*/*"):
                for path in _files_in(folder):
                    key = path.relative_to(self._root).as_posix()
                    is_wanted = KEY.fullmatch(key) and key.startswith(start)
                    if is_wanted and _changed_at(path) < until:
                        yield key

    def drop_unfinished(self, older_than: timedelta, *, dry_run: bool) -> int:
        until = time.time() - older_than.total_seconds()
        with failures_surface():
            folder = self._root / "unfinished"
            left = [path for path in _files_in(folder) if _changed_at(path) < until]
            for path in left if not dry_run else ():
                path.unlink(missing_ok=True)
        return len(left)

    def _path(self, key: str) -> Path:
        return self._root / checked(key)


def _files_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.is_file()]


def _changed_at(path: Path) -> float:
    """One that went away meanwhile is as if it had just come."""
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return float("inf")


class FileWriter(Writer):
    def __init__(self, root: Path) -> None:
        super().__init__()
        self._path = root / self._key
        self._unfinished = root / "unfinished" / self._path.name
        self._unfinished.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._unfinished.open("xb")
        self._flushing = 0

    def _append(self, chunk: bytes) -> None:
        self._file.write(chunk)
        end = self._size + len(chunk)
        if end - self._flushing >= FLUSH_STEP and hasattr(os, "posix_fadvise"):
            # Starts writing to disk now, without waiting: little is left for fsync.
            self._file.flush()
            os.posix_fadvise(
                self._file.fileno(),
                self._flushing,
                end - self._flushing,
                os.POSIX_FADV_DONTNEED,
            )
            self._flushing = end

    def _publish(self) -> None:
        """Survive a power cut at any moment: content, then name, then directories."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(self._unfinished, self._path)
        for folder in self._path.parents[:3]:
            sync_folder(folder)

    def _discard(self) -> None:
        try:
            self._file.close()
        finally:
            self._unfinished.unlink(missing_ok=True)
            self._path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
