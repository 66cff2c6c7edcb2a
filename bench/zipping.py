"""P19: a folder of a thousand documents, two gigabytes, downloaded as one ZIP."""

import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import psutil

from app.db import db, new_id
from app.library.models import Document, Folder, Version
from app.library.receiving import store
from app.storage import Stored
from bench.measuring import Result, alternate, timed
from bench.portal import HOST, Portal, as_in_a_request

FILES = 1000
EACH = int(os.environ.get("BENCH_ZIP_MB", "2000")) * 1_000_000 // FILES  # bytes
BLOBS = 50  # stored once, and meant by twenty documents each
MOST_MB, MOST_FIRST_MS = 40, 300


def p19(portal: Portal) -> Iterator[Result]:
    folder_id, keys = _fill(portal)
    first: list[float] = []
    grown: list[float] = []

    def ours() -> None:
        before = psutil.Process().memory_info().rss
        began = time.perf_counter()
        answer = portal.visitor().get(
            f"{portal.path(folder_id)}/download",
            base_url=f"http://{HOST}",
            buffered=False,
        )
        size, most = 0, before
        for number, chunk in enumerate(answer.response):
            if not size:
                first.append((time.perf_counter() - began) * 1000)
            size += len(chunk)
            if number % 100 == 0:  # it costs more than a chunk does
                most = max(most, psutil.Process().memory_info().rss)
        answer.close()
        grown.append((most - before) / 1_000_000)
        if size < FILES * EACH:
            raise RuntimeError(f"{size} bytes came")

    mine, plain = alternate(
        lambda: [timed(ours)], lambda: [timed(lambda: _plainly(portal, keys))]
    )
    ratio = plain.median / mine.median
    yield Result(
        id="P19",
        value=FILES * EACH / mine.median / 1000,
        baseline=FILES * EACH / plain.median / 1000,
        ratio=ratio,
        unit="MB/s",
        target=">= 0.7, first byte < 300 ms, RSS + <= 40 MB",
        ok=ratio >= 0.7 and max(first) < MOST_FIRST_MS and max(grown) <= MOST_MB,
        also={"first_byte_ms": max(first), "grown_mb": max(grown)},
    )


def _plainly(portal: Portal, keys: list[str]) -> None:
    """The same files by zipfile alone, into nothing."""
    with portal.app.app_context():
        storage = store()
    with Path(os.devnull).open("wb") as nothing, zipfile.ZipFile(nothing, "w") as made:
        for number in range(FILES):
            blob: BinaryIO = storage.open(keys[number % BLOBS])
            with blob, made.open(f"{number}.pdf", "w") as target:
                while chunk := blob.read(256 * 1024):
                    target.write(chunk)


def _fill(portal: Portal) -> tuple[UUID, list[str]]:
    with as_in_a_request(portal):
        inbox = db.session.get_one(Folder, portal.inbox)
        folder = Folder(
            firm_id=inbox.firm_id,
            company_id=inbox.company_id,
            parent_id=inbox.id,
            name="Gros",
        )
        db.session.add(folder)
        db.session.flush()
        blobs = [_blob() for _ in range(BLOBS)]
        for number in range(FILES):
            _document(folder, blobs[number % BLOBS], number)
        db.session.commit()
        return folder.id, [blob.key for blob in blobs]


def _blob() -> Stored:
    with store().writer() as writer:
        left = EACH
        while left > 0:
            left -= len(chunk := os.urandom(min(left, 1 << 20)))
            writer.write(chunk)
        return writer.finish()


def _document(folder: Folder, blob: Stored, number: int) -> None:
    file = {
        "firm_id": folder.firm_id,
        "size": blob.size,
        "sha256": blob.sha256,
        "content_type": "image/jpeg",
    }
    document = Document(
        id=new_id(),
        company_id=folder.company_id,
        folder_id=folder.id,
        name=f"Photo {number}.jpg",
        channel="web",
        depositor_name="Paul Dupont",
        **file,
    )
    db.session.add(document)
    db.session.flush()
    db.session.add(
        Version(
            document_id=document.id,
            number=1,
            storage_key=blob.key,
            original_name=document.name,
            **file,
        )
    )
