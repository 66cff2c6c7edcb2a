"""What a file that comes in is like, before it becomes a document: can it be read?

Its bytes are read apart, in a process with limits; no transaction is open meanwhile.
Whatever happens there the file is kept, and when nothing can be said, nothing is.
"""

import logging
import tempfile
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from app import apart
from app.library.naming import split_extension

log = logging.getLogger(__name__)
UNKNOWN = "application/octet-stream"
# What the readers know; anything else is kept as it is.
READABLE = (
    "application/pdf",
    *("image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff", "image/heic"),
)


class Findings(NamedTuple):
    # damaged, encrypted (asks for a password), oversized (too many pixels), or nothing
    defect: str | None = None
    pages: int | None = None


class Inspection:
    """Is given the bytes beside the store, which need not be asked for them again.
    Never raises for what the file is, nor for a disk that is full."""

    def __init__(self, content_type: str, name: str) -> None:
        self._type = content_type
        self._name = name
        self._copy: BinaryIO | None = None
        if content_type in READABLE:
            try:
                self._copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close
            except OSError as error:
                self._give_up(error)

    def write(self, chunk: bytes) -> None:
        if self._copy is None:
            return
        try:
            self._copy.write(chunk)
        except OSError as error:
            self._give_up(error)

    def findings(self) -> Findings:
        if self._type == UNKNOWN and split_extension(self._name)[1].lower() == ".pdf":
            return Findings("damaged")  # called a PDF, but is none
        if self._copy is None:
            return Findings()
        try:
            self._copy.seek(0)
            said = apart.ask("look", self._copy, self._type)
        except OSError as error:
            self._give_up(error)
            return Findings()
        return Findings(said.get("defect"), said.get("pages")) if said else Findings()

    def close(self) -> None:
        copy, self._copy = self._copy, None
        if copy is not None:
            with suppress(OSError):  # what was not written yet has no room either
                copy.close()

    def _give_up(self, error: OSError) -> None:
        log.warning("what comes in cannot be looked at: %r", error)
        self.close()
