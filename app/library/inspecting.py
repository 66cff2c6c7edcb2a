"""What a stored file is like, before it becomes a document: can it be read at all?

Its bytes are read apart, in a process with limits; no transaction is open meanwhile.
Whatever happens there the file is kept, and when nothing can be said, nothing is.
"""

import logging
import shutil
import tempfile
from typing import NamedTuple

from app import apart
from app.blobs import Missing, StorageUnavailable
from app.library.naming import split_extension
from app.storage import Storage

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


def inspect(storage: Storage, key: str, content_type: str, name: str) -> Findings:
    """Look at the stored file. Never raises for what the file is, or the store does."""
    if content_type == UNKNOWN and split_extension(name)[1].lower() == ".pdf":
        return Findings("damaged")  # called a PDF, but is none
    if content_type not in READABLE:
        return Findings()
    try:
        with storage.open(key) as blob, tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(blob, copy)
            copy.seek(0)
            said = apart.ask("look", copy, content_type)
    except (StorageUnavailable, Missing, OSError) as error:
        log.warning("what was just stored could not be looked at: %r", error)
        return Findings()
    if said is None:
        return Findings()
    return Findings(said.get("defect"), said.get("pages"))
