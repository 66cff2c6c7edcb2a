"""What every storage promises: bytes go in once, hashed and counted, or not at all.

Keys are random and say nothing of the file; a failure of the backend is always a
`StorageUnavailable`, and what was being written is then taken back.
"""

import io
import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import NamedTuple, Protocol, Self
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

READ_BUFFER = 256 * 1024
KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{32}")

log = logging.getLogger(__name__)


class StorageUnavailable(Exception):
    """The backend failed or refused (its error is the cause); trying later may work."""


class Missing(Exception):
    """No file is kept under this key."""


class Stored(NamedTuple):
    key: str
    size: int
    sha256: str


def checked(key: str) -> str:
    """Let no other path of the disk or the bucket pass for a key."""
    if not KEY.fullmatch(key):
        raise Missing(key)
    return key


class Writer(ABC):
    """One file being stored; the first failure ends it, and leaves nothing behind."""

    def __init__(self) -> None:
        name = uuid4().hex
        self._key = f"{name[:2]}/{name[2:4]}/{name}"
        self._digest = sha256()
        self._size = 0
        self._over = False

    def write(self, chunk: bytes) -> None:
        with self._acting():
            self._append(chunk)
            self._digest.update(chunk)
            self._size += len(chunk)

    def finish(self) -> Stored:
        with self._acting():
            self._publish()
        self._over = True
        return Stored(self._key, self._size, self._digest.hexdigest())

    def abort(self) -> None:
        """Leave nothing behind; harmless when already over."""
        if self._over:
            return
        self._over = True
        try:
            with failures_surface():
                self._discard()
        except StorageUnavailable as failure:
            log.warning("Left behind by an aborted upload: %s (%s)", self._key, failure)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()

    @contextmanager
    def _acting(self) -> Iterator[None]:
        if self._over:
            raise ValueError("This file is already finished or aborted")
        try:
            with failures_surface():
                yield
        except BaseException:
            self.abort()
            raise

    @abstractmethod
    def _append(self, chunk: bytes) -> None: ...

    @abstractmethod
    def _publish(self) -> None: ...

    @abstractmethod
    def _discard(self) -> None:
        """Take everything back, even what a failed `_publish` made visible."""


@contextmanager
def failures_surface() -> Iterator[None]:
    try:
        yield
    except (OSError, BotoCoreError, ClientError) as error:
        raise StorageUnavailable(str(error)) from error


class Source(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


class Reader(io.RawIOBase):
    """A stored file, read from its start to its end."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with failures_surface():
            chunk = self._source.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self._source.close()
        super().close()
