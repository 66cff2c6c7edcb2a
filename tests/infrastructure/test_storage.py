"""Both backends keep the same promises: whole or absent, and failures have one name."""

import errno
import io
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from app.s3 import PART, S3Storage
from app.storage import (
    FileStorage,
    Missing,
    Storage,
    StorageUnavailable,
    Stored,
    storage_from_url,
)

pytest_plugins = ["tests.infrastructure.s3"]

ABSENT = "00/11/00112233445566778899aabbccddeeff"
MB = 1_000_000
A_DAY = timedelta(days=1)


@pytest.fixture(params=["file", pytest.param("s3", marks=pytest.mark.s3)])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "file":
        return storage_from_url(f"file://{tmp_path}/files")
    url: str = request.getfixturevalue("s3_url")
    return storage_from_url(url.replace("?", f"/{tmp_path.name}?"))


def keep(storage: Storage, content: bytes, *, step: int = 300_000) -> Stored:
    with storage.writer() as writer:
        for start in range(0, len(content), step):
            writer.write(content[start : start + step])
        return writer.finish()


def content_of(storage: Storage, key: str) -> bytes:
    with storage.open(key) as stored:
        return stored.read()


def everything_in(storage: Storage) -> list[str]:
    """What is left in the backend itself, unfinished uploads included."""
    if isinstance(storage, FileStorage):
        return [str(path) for path in storage._root.rglob("*") if path.is_file()]
    assert isinstance(storage, S3Storage)
    place: Any = {"Bucket": storage._bucket, "Prefix": storage._prefix}
    objects = storage._client.list_objects_v2(**place).get("Contents", [])
    uploads = storage._client.list_multipart_uploads(**place).get("Uploads", [])
    return [each["Key"] for each in objects] + [each["Key"] for each in uploads]


class TestStorage:
    @pytest.mark.parametrize(
        "size",
        [0, 1000, PART, PART + 1, 20 * MB],
        ids=["empty", "1kB", "part", "part+1", "20MB"],
    )
    def test_it_gives_back_the_same_bytes(self, storage: Storage, size: int) -> None:
        content = os.urandom(size)
        stored = keep(storage, content)
        assert stored[1:] == (size, sha256(content).hexdigest())
        assert content_of(storage, stored.key) == content

    def test_one_large_write_is_enough(self, storage: Storage) -> None:
        content = os.urandom(17 * MB)
        assert (
            content_of(storage, keep(storage, content, step=len(content)).key)
            == content
        )

    def test_it_reads_in_pieces(self, storage: Storage) -> None:
        content = os.urandom(MB)
        with storage.open(keep(storage, content).key) as stored:
            pieces = list(iter(lambda: stored.read(70_001), b""))
        assert b"".join(pieces) == content
        assert {len(piece) for piece in pieces[:-1]} == {70_001}

    def test_keys_are_random_and_sharded(self, storage: Storage) -> None:
        one, other = keep(storage, b"same"), keep(storage, b"same")
        assert one.key != other.key
        first, second, name = one.key.split("/")
        assert name.startswith(first + second)

    def test_two_writers_at_once_do_not_mix(self, storage: Storage) -> None:
        with storage.writer() as one, storage.writer() as other:
            for _ in range(10):
                one.write(b"1" * MB)
                other.write(b"2" * MB)
            kept = one.finish(), other.finish()
        assert content_of(storage, kept[0].key) == b"1" * 10 * MB
        assert content_of(storage, kept[1].key) == b"2" * 10 * MB

    @pytest.mark.parametrize("size", [10, 20 * MB])
    def test_an_aborted_writer_leaves_nothing(
        self, storage: Storage, size: int
    ) -> None:
        writer = storage.writer()
        writer.write(b"x" * size)
        writer.abort()
        writer.abort()
        assert everything_in(storage) == []
        with pytest.raises(ValueError, match="aborted"):
            writer.finish()

    def test_an_exception_aborts(self, storage: Storage) -> None:
        with suppress(KeyError), storage.writer() as writer:
            writer.write(b"x" * 10 * MB)
            raise KeyError
        assert everything_in(storage) == []

    def test_forgetting_to_finish_keeps_nothing(self, storage: Storage) -> None:
        with storage.writer() as writer:
            writer.write(b"x")
        assert everything_in(storage) == []

    def test_aborting_after_finish_changes_nothing(self, storage: Storage) -> None:
        writer = storage.writer()
        writer.write(b"kept")
        stored = writer.finish()
        writer.abort()
        assert content_of(storage, stored.key) == b"kept"
        with pytest.raises(ValueError, match="finished"):
            writer.write(b"more")

    def test_nothing_is_visible_before_finish(self, storage: Storage) -> None:
        with storage.writer() as writer:
            writer.write(b"x" * 20 * MB)
            assert not storage.exists(writer._key)
            with pytest.raises(Missing):
                storage.open(writer._key)

    @pytest.mark.parametrize("key", [ABSENT, "../../etc/passwd", "", "é"])
    def test_a_missing_key_is_missing(self, storage: Storage, key: str) -> None:
        with pytest.raises(Missing):
            storage.open(key)

    def test_deleting_twice_is_harmless(self, storage: Storage) -> None:
        stored = keep(storage, b"x")
        assert storage.exists(stored.key)
        storage.delete(stored.key)
        storage.delete(stored.key)
        assert not storage.exists(stored.key)
        assert everything_in(storage) == []

    def test_reading_while_it_is_deleted_never_ends_short(
        self, storage: Storage
    ) -> None:
        content = os.urandom(20 * MB)
        stored = keep(storage, content)
        with storage.open(stored.key) as reading:
            start = reading.read(10)
            storage.delete(stored.key)
            with suppress(StorageUnavailable):
                assert start + reading.read() == content


def fails(error: BaseException) -> Callable[..., Any]:
    def failing(*_: Any, **__: Any) -> Any:
        raise error

    return failing


class TestFileStorage:
    @pytest.fixture
    def storage(self, tmp_path: Path) -> FileStorage:
        return FileStorage(tmp_path / "files")

    @pytest.mark.parametrize("broken", ["replace", "fsync"])
    def test_a_disk_error_surfaces_and_leaves_nothing(
        self, storage: FileStorage, monkeypatch: pytest.MonkeyPatch, broken: str
    ) -> None:
        full = OSError(errno.ENOSPC, "No space left on device")
        monkeypatch.setattr(os, broken, fails(full))
        with storage.writer() as writer:
            writer.write(b"x")
            with pytest.raises(StorageUnavailable) as caught:
                writer.finish()
        assert caught.value.__cause__ is full
        assert everything_in(storage) == []

    def test_a_file_named_but_not_safe_is_taken_back(
        self, storage: FileStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.storage.sync_folder", fails(OSError(errno.EIO, "")))
        with pytest.raises(StorageUnavailable):
            keep(storage, b"x")
        assert everything_in(storage) == []

    def test_a_read_error_surfaces(
        self, storage: FileStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Broken(io.FileIO):
            read = fails(OSError(errno.EIO, "I/O error"))

        stored = keep(storage, b"x")
        monkeypatch.setattr(io, "FileIO", Broken)
        with storage.open(stored.key) as reading, pytest.raises(StorageUnavailable):
            reading.read()

    def test_a_writer_that_failed_cannot_finish(
        self, storage: FileStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        writer = storage.writer()
        monkeypatch.setattr(writer, "_append", fails(OSError(errno.EIO, "I/O error")))
        with pytest.raises(StorageUnavailable):
            writer.write(b"lost")
        monkeypatch.undo()
        with pytest.raises(ValueError, match="aborted"):
            writer.finish()

    def test_a_crash_before_the_rename_leaves_no_key(
        self, storage: FileStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        writer = storage.writer()
        writer.write(b"x")
        monkeypatch.setattr(os, "replace", fails(SystemExit()))
        monkeypatch.setattr(writer, "_discard", lambda: None)
        with pytest.raises(SystemExit):
            writer.finish()
        assert not storage.exists(writer._key)

    def test_a_root_that_is_no_directory_is_unavailable(self, tmp_path: Path) -> None:
        (tmp_path / "files").write_bytes(b"")
        with pytest.raises(StorageUnavailable):
            FileStorage(tmp_path / "files").writer()

    def test_content_reaches_the_disk_before_its_name(
        self, storage: FileStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done: list[str] = []

        def noting(name: str) -> Callable[..., None]:
            act = getattr(os, name)

            def noted(*args: Any) -> None:
                done.append(name)
                act(*args)

            return noted

        for name in ("fsync", "replace"):
            monkeypatch.setattr(os, name, noting(name))
        keep(storage, b"x")
        assert done == ["fsync", "replace", "fsync", "fsync", "fsync"]


@pytest.mark.s3
class TestS3Storage:
    @pytest.fixture
    def storage(self, s3_url: str, tmp_path: Path) -> S3Storage:
        storage = storage_from_url(s3_url.replace("?", f"/{tmp_path.name}?"))
        assert isinstance(storage, S3Storage)
        return storage

    @pytest.mark.parametrize("size", [10, 20 * MB])
    def test_an_altered_body_is_refused(
        self, storage: S3Storage, monkeypatch: pytest.MonkeyPatch, size: int
    ) -> None:
        monkeypatch.setattr("app.s3.content_md5", lambda _: "1B2M2Y8AsgTpgAmY7PhCfg==")
        with pytest.raises(StorageUnavailable) as caught:
            keep(storage, b"x" * size)
        assert isinstance(caught.value.__cause__, ClientError)
        assert everything_in(storage) == []

    @pytest.mark.parametrize("arrived", [True, False])
    @pytest.mark.parametrize(
        ("size", "act"), [(10, "put_object"), (20 * MB, "complete_multipart_upload")]
    )
    def test_a_file_whose_end_got_no_answer_is_taken_back(
        self,
        storage: S3Storage,
        monkeypatch: pytest.MonkeyPatch,
        size: int,
        act: str,
        arrived: bool,
    ) -> None:
        real = getattr(storage._client, act)

        def cut(**request: Any) -> None:
            if arrived:
                real(**request)
            raise EndpointConnectionError(endpoint_url="")

        monkeypatch.setattr(storage._client, act, cut)
        with pytest.raises(StorageUnavailable):
            keep(storage, b"x" * size)
        assert everything_in(storage) == []

    def test_each_process_has_its_own_client(
        self, storage: S3Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ours = storage._client
        assert storage._client is ours
        monkeypatch.setattr(os, "getpid", lambda: 1)
        assert storage._client is not ours

    def test_a_bucket_that_is_not_there_is_not_a_missing_file(
        self, s3_url: str
    ) -> None:
        storage = storage_from_url(s3_url.replace("guichet", "elsewhere"))
        with pytest.raises(StorageUnavailable):
            storage.open(ABSENT)
        with pytest.raises(StorageUnavailable):
            storage.exists(ABSENT)


class TestStorageUrl:
    def test_a_file_url_may_be_absolute_or_relative(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        absolute = storage_from_url(f"file://{tmp_path}/var/d%C3%A9p%C3%B4t")
        relative = storage_from_url("file://var/dépôt")
        assert content_of(relative, keep(absolute, b"same place").key) == b"same place"

    def test_a_bucket_url_may_have_a_prefix_and_options(self) -> None:
        storage = storage_from_url(
            "s3://bucket/a/b?endpoint_url=http://127.0.0.1:9&region=fr-par"
        )
        assert vars(storage) | {"_made": None} == vars(
            S3Storage("bucket", "a/b", "http://127.0.0.1:9", "fr-par")
        )

    @pytest.mark.parametrize(
        "url",
        [
            *("", "file://", "/srv/files", "s3://", "s3://b?secret=1", "ftp://x/y"),
            "s3://b?endpoint_url=minio:9000",
        ],
    )
    def test_anything_else_is_refused_by_name(self, url: str) -> None:
        with pytest.raises(ValueError, match="STORAGE_URL"):
            storage_from_url(url)


def test_a_store_lists_what_is_old_enough(storage: Storage) -> None:
    kept = keep(storage, b"content")
    assert list(storage.keys(A_DAY)) == []
    soon = timedelta(seconds=-60)  # older than a minute from now
    assert list(storage.keys(soon)) == [kept.key]
    assert list(storage.keys(soon, kept.key[0])) == [kept.key]
    other = "0" if kept.key[0] != "0" else "1"
    assert list(storage.keys(soon, other)) == []
    assert content_of(storage, kept.key) == b"content"


def test_a_store_drops_what_never_ended(storage: Storage) -> None:
    writer = storage.writer()
    writer.write(b"x" * 20_000_000)
    assert storage.drop_unfinished(A_DAY, dry_run=False) == 0
    soon = timedelta(seconds=-60)
    assert storage.drop_unfinished(soon, dry_run=True) == 1
    assert storage.drop_unfinished(soon, dry_run=False) == 1
    assert storage.drop_unfinished(soon, dry_run=False) == 0
    assert list(storage.keys(soon)) == []
