"""Text recognised in scans and photos (tesseract), where the operator wants it: in a
queue of its own, behind everything else, some pages at a time.

What fails leaves the document as it was, found by its name and what people wrote.
"""

import logging
import shutil
import subprocess
import tempfile
import time
import uuid
from functools import cache
from typing import BinaryIO, NamedTuple

from flask import current_app
from sqlalchemy import select

from app import apart
from app.apart_ocr import LANGUAGE
from app.blobs import Missing, StorageUnavailable
from app.db import db
from app.library.inspecting import READABLE
from app.library.models import Document, Version
from app.library.receiving import store
from app.queueing import enqueue, enqueue_once, is_told_to_end
from app.search.cleaning import MOST_TEXT, cleaned
from app.search.indexing import write
from app.search.models import SearchEntry

log = logging.getLogger(__name__)
PDF = "application/pdf"
QUEUE = "ocr"  # the worker listens to it last
MOST_FILE_BYTES = 100_000_000
MOST_PAGES = 40  # of a file that are looked at
A_TURN = 15.0  # seconds, then mail and previews go between
SECONDS, MEGABYTES = 40, 1024  # for one page
MOST_BREAKS = 3  # then no more of the file is tried
A_BATCH = 500


class Turn(NamedTuple):
    """What one turn found, and the page that the next one begins with, if any."""

    text: str
    then: int | None
    broken: int


def is_on() -> bool:
    return bool(current_app.config["OCR"])


@cache
def is_able() -> bool:
    """Whether this machine has tesseract with French."""
    if shutil.which("tesseract") is None:
        return False
    said = subprocess.run(
        ["tesseract", "--list-langs"],  # noqa: S607 - wherever it is
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    return LANGUAGE in (said.stdout + said.stderr).split()


def is_picture(document: Document) -> bool:
    """Of a kind in which text can be recognised only."""
    is_one = document.content_type in READABLE and document.content_type != PDF
    return is_one and document.size <= MOST_FILE_BYTES


def ask(document: Document) -> None:
    """Once this transaction is committed."""
    if is_on():
        name = _name(document)
        enqueue(recognise, str(document.id), queue=QUEUE, job_id=name, again=True)


def ask_for_lost() -> int:
    """Those whose job was lost, or that came before it was wanted; gives how many."""
    if not is_on():
        return 0
    waiting = db.session.scalars(
        select(Document)
        .join(SearchEntry, SearchEntry.document_id == Document.id)
        .where(SearchEntry.needs_ocr, Document.trashed_at.is_(None))
        .order_by(Document.id)
        .limit(A_BATCH)
    ).all()
    names = [(str(document.id), _name(document)) for document in waiting]
    db.session.commit()
    return sum(
        enqueue_once(recognise, of, job_id=name, name=QUEUE, again=True) is True
        for of, name in names
    )


def _name(document: Document, first: int = 0) -> str:
    return f"ocr-{document.id}-{document.sha256[:12]}-{first}"


def recognise(document_id: str, first: str = "0", broken: str = "0") -> None:
    """The job: the next pages, and a job for those after them. Commits."""
    found = db.session.execute(
        select(Document, Version.storage_key)
        .join(
            Version,
            (Version.document_id == Document.id)
            & (Version.number == Document.version_number),
        )
        .join(SearchEntry, SearchEntry.document_id == Document.id)
        .where(
            Document.id == uuid.UUID(document_id),
            SearchEntry.needs_ocr,
            SearchEntry.read_sha256 == Document.sha256,
        )
    ).one_or_none()
    db.session.commit()  # no transaction while it is read
    if found is None or not is_on():
        return
    if not is_able():
        log.error("OCR is wanted, but tesseract with %s is not installed", LANGUAGE)
        return
    document, key = found
    turn = _take_turn(key, document.content_type, int(first), int(broken))
    if turn is not None:
        _keep(document.id, document.sha256, turn)


def _take_turn(key: str, content_type: str, first: int, broken: int) -> Turn | None:
    """None: try again some time."""
    with tempfile.TemporaryFile() as copy:
        try:
            with store().open(key) as blob:
                shutil.copyfileobj(blob, copy)
        except Missing:
            return Turn("", None, broken)
        except (StorageUnavailable, OSError) as error:
            log.warning("a scan could not be read this time: %r", error)
            return None
        return _read_some(copy, content_type, first, broken)


def _read_some(copy: BinaryIO, content_type: str, first: int, broken: int) -> Turn:
    texts: list[str] = []
    at = first
    until = time.monotonic() + A_TURN
    while at < MOST_PAGES and broken < MOST_BREAKS:
        if time.monotonic() > until or (is_told_to_end() and texts):
            return Turn(" ".join(texts), at, broken)
        page, text = _one_page(copy, content_type, at)
        if page is None:
            break
        texts.append(text)
        broken += page < at
        at = max(page, at) + 1
    return Turn(" ".join(texts), None, broken)


def _one_page(copy: BinaryIO, content_type: str, at: int) -> tuple[int | None, str]:
    """The number of the page that was read; before `at` when its reader broke."""
    copy.seek(0)
    with tempfile.TemporaryFile() as made:
        said = apart.ask(
            "ocr",
            copy,
            content_type,
            made,
            seconds=SECONDS,
            megabytes=MEGABYTES,
            first=at,
        )
        made.seek(0)
        text = made.read(MOST_TEXT * 4).decode(errors="ignore")
    return (-1, "") if said is None else (said["page"], text)


def _keep(document_id: uuid.UUID, sha256: str, turn: Turn) -> None:
    """Beside what was read before; under the document's lock, as when text is read."""
    document = db.session.scalar(
        select(Document)
        .where(Document.id == document_id, Document.sha256 == sha256)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if document is not None:
        known = select(SearchEntry.content).where(
            SearchEntry.document_id == document_id
        )
        content = cleaned(f"{db.session.scalar(known) or ''} {turn.text}")
        write(document, content, sha256, needs_ocr=turn.then is not None)
        if turn.then is not None:
            enqueue(
                recognise,
                *(str(document.id), str(turn.then), str(turn.broken)),
                queue=QUEUE,
                job_id=_name(document, turn.then),
                again=True,
            )
    db.session.commit()
