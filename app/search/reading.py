"""The text of a file is read after the deposit, by a job, in a process with limits.

Only what a PDF says of itself; text in scans and pictures is a matter of `ocr`, where
it is wanted, or they are found by their names.
"""

import logging
import shutil
import tempfile
import uuid
from typing import NamedTuple

from sqlalchemy import select

from app import apart
from app.blobs import Missing, StorageUnavailable
from app.db import db
from app.library.models import Document, Version
from app.library.receiving import store
from app.search import ocr
from app.search.cleaning import MOST_TEXT, cleaned
from app.search.indexing import write
from app.search.models import SearchEntry

log = logging.getLogger(__name__)
QUEUE = "default"  # mail goes first
MOST_FILE_BYTES = 100_000_000


class Layer(NamedTuple):
    """Of a PDF: its text, and whether some page of it has none."""

    text: str
    has_bare_pages: bool


def is_readable(document: Document) -> bool:
    return (
        document.content_type == "application/pdf" and document.size <= MOST_FILE_BYTES
    )


def read_text(document_id: str) -> None:
    """The job: read it, unless that was done or the document is gone. Commits."""
    found = db.session.execute(
        select(Document, Version.storage_key, SearchEntry.read_sha256)
        .join(
            Version,
            (Version.document_id == Document.id)
            & (Version.number == Document.version_number),
        )
        .outerjoin(SearchEntry, SearchEntry.document_id == Document.id)
        .where(Document.id == uuid.UUID(document_id))
    ).one_or_none()
    db.session.commit()  # no transaction while the file is read
    if found is None or found.read_sha256 == found.Document.sha256:
        return
    sha256 = found.Document.sha256
    layer = _text_layer(found.storage_key)
    if layer is not None:
        _keep(found.Document.id, sha256, layer)


def _keep(document_id: uuid.UUID, sha256: str, layer: Layer) -> None:
    """Under the document’s lock: a new name that comes meanwhile is not lost."""
    document = db.session.scalar(
        select(Document)
        .where(Document.id == document_id, Document.sha256 == sha256)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if document is not None:  # replaced meanwhile: a job of its own reads that
        write(document, layer.text, sha256, needs_ocr=layer.has_bare_pages)
        if layer.has_bare_pages:
            ocr.ask(document)
    db.session.commit()


def _text_layer(key: str) -> Layer | None:
    """Empty where there is none or it cannot be read; None: try again some time."""
    with tempfile.TemporaryFile() as copy, tempfile.TemporaryFile() as text:
        try:
            with store().open(key) as blob:
                shutil.copyfileobj(blob, copy)
        except Missing:
            return Layer("", False)
        except (StorageUnavailable, OSError) as error:
            log.warning("a text could not be read this time: %r", error)
            return None
        copy.seek(0)
        said = apart.ask("text", copy, "application/pdf", text)
        text.seek(0)
        # What was written before a reader broke is there all the same.
        read = cleaned(text.read(MOST_TEXT * 4).decode(errors="ignore"))
        return Layer(read, bool(said and said["bare"]))
