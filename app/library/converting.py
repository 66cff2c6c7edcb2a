"""A picture in another format, made apart, for those that cannot take it as it is."""

import shutil
import tempfile
from typing import BinaryIO

from app import apart
from app.storage import Storage, Stored

JPEG = "image/jpeg"
CHUNK = 1 << 18
SECONDS = 40


class Unreadable(Exception):
    """The picture cannot be converted, now or ever; `defect` says why."""

    def __init__(self, defect: str) -> None:
        super().__init__(defect)
        self.defect = defect


class NoAnswer(Exception):
    """Its reader broke or took too long; another time may do."""

    def __init__(self) -> None:
        super().__init__("the picture could not be converted this time")


def to_jpeg(storage: Storage, key: str, content_type: str) -> Stored:
    """Store the picture as a JPEG. Raises Unreadable, NoAnswer, Missing or
    StorageUnavailable, having kept nothing. The original stays as it is."""
    with tempfile.TemporaryFile() as original, tempfile.TemporaryFile() as made:
        with storage.open(key) as blob:
            shutil.copyfileobj(blob, original)
        original.seek(0)
        said = apart.ask("jpeg", original, content_type, made, seconds=SECONDS)
        if said is None:
            raise NoAnswer
        if said["defect"]:
            raise Unreadable(said["defect"])
        made.seek(0)
        return _stored(storage, made)


def _stored(storage: Storage, made: BinaryIO) -> Stored:
    with storage.writer() as writer:
        while chunk := made.read(CHUNK):
            writer.write(chunk)
        return writer.finish()
