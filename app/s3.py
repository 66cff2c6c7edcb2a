"""Files in a bucket of any S3-compatible store, streamed both ways.

Credentials come from the usual AWS_… variables; no name of a client is ever sent.
"""

import io
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import md5
from typing import TYPE_CHECKING, Any, BinaryIO

from botocore.exceptions import ClientError

from app.blobs import (
    KEY,
    READ_BUFFER,
    Missing,
    Reader,
    Writer,
    checked,
    failures_surface,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART = 8 * 1024 * 1024


class S3Storage:
    """Files in a bucket of any S3-compatible store; AWS_… variables hold the keys."""

    def __init__(
        self, bucket: str, prefix: str = "", endpoint_url: str = "", region: str = ""
    ) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._endpoint_url = endpoint_url or None
        self._region = region or None
        self._made: tuple[int, S3Client] | None = None

    def writer(self) -> Writer:
        with failures_surface():
            return S3Writer(self._client, self._bucket, self._prefix)

    def open(self, key: str) -> BinaryIO:
        name = self._name(key)
        with failures_surface():
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=name)
            except self._client.exceptions.NoSuchKey as error:
                raise Missing(key) from error
        return io.BufferedReader(Reader(found["Body"]), READ_BUFFER)

    def exists(self, key: str) -> bool:
        name = self._name(key)
        with failures_surface():
            try:
                self._client.head_object(Bucket=self._bucket, Key=name)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                    raise
                # A bucket that does not exist gives the same 404.
                self._client.head_bucket(Bucket=self._bucket)
                return False
        return True

    def delete(self, key: str) -> None:
        name = self._name(key)
        with failures_surface():
            self._client.delete_object(Bucket=self._bucket, Key=name)

    def keys(self, older_than: timedelta, start: str = "") -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + start
        )
        with failures_surface():
            for page in pages:
                until = _time_of(page) - older_than
                for found in page.get("Contents", []):
                    key = found["Key"].removeprefix(self._prefix)
                    if KEY.fullmatch(key) and found["LastModified"] < until:
                        yield key

    def drop_unfinished(self, older_than: timedelta, *, dry_run: bool) -> int:
        dropped = 0
        pages = self._client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self._bucket, Prefix=self._prefix
        )
        with failures_surface():
            for page in pages:
                until = _time_of(page) - older_than
                for found in page.get("Uploads", []):
                    key = found["Key"].removeprefix(self._prefix)
                    if not KEY.fullmatch(key) or found["Initiated"] >= until:
                        continue
                    dropped += 1
                    if not dry_run:
                        self._abort(found["Key"], found["UploadId"])
        return dropped

    def _abort(self, name: str, upload: str) -> None:
        with suppress(self._client.exceptions.NoSuchUpload):
            self._client.abort_multipart_upload(
                Bucket=self._bucket, Key=name, UploadId=upload
            )

    def _name(self, key: str) -> str:
        return self._prefix + checked(key)

    @property
    def _client(self) -> "S3Client":
        """Made at first use, and again in each forked process: sockets do not fork."""
        made, pid = self._made, os.getpid()
        if made is None or made[0] != pid:
            import boto3  # 0.3 s and 20 MB, for nothing where files are on disk
            from botocore.config import Config

            client = boto3.session.Session().client(
                "s3",
                endpoint_url=self._endpoint_url,
                region_name=self._region,
                config=Config(
                    connect_timeout=5,
                    read_timeout=60,
                    retries={"mode": "standard", "total_max_attempts": 4},
                    tcp_keepalive=True,
                    s3={"addressing_style": "path" if self._endpoint_url else "auto"},
                    # Not every store knows the newer checksums; all know Content-MD5.
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )
            made = self._made = (pid, client)
        return made[1]


def _time_of(answer: Any) -> datetime:
    """The store's own clock, as it answered."""
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])


class S3Writer(Writer):
    """Holds one part at a time; a file of one part is one request."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str) -> None:
        super().__init__()
        self._client = client
        self._bucket = bucket
        self._name = prefix + self._key
        self._held = bytearray()
        self._upload = ""
        self._etags: list[str] = []
        self._publishing = False

    def _append(self, chunk: bytes) -> None:
        self._held += chunk
        while len(self._held) > PART:
            self._send_part(bytes(self._held[:PART]))
            del self._held[:PART]

    def _publish(self) -> None:
        self._publishing = True
        last = bytes(self._held)
        if not self._upload:
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._name,
                Body=last,
                ContentMD5=content_md5(last),
            )
            return
        self._send_part(last)
        self._client.complete_multipart_upload(
            Bucket=self._bucket,
            Key=self._name,
            UploadId=self._upload,
            MultipartUpload={
                "Parts": [
                    {"PartNumber": number, "ETag": etag}
                    for number, etag in enumerate(self._etags, start=1)
                ]
            },
        )

    def _send_part(self, part: bytes) -> None:
        if not self._upload:
            self._upload = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=self._name
            )["UploadId"]
        sent = self._client.upload_part(
            Bucket=self._bucket,
            Key=self._name,
            UploadId=self._upload,
            PartNumber=len(self._etags) + 1,
            Body=part,
            ContentMD5=content_md5(part),
        )
        self._etags.append(sent["ETag"])

    def _discard(self) -> None:
        self._held.clear()
        if self._upload:
            # Not there any more: the end did arrive, only its answer was lost.
            with suppress(self._client.exceptions.NoSuchUpload):
                self._client.abort_multipart_upload(
                    Bucket=self._bucket, Key=self._name, UploadId=self._upload
                )
        if self._publishing:
            self._client.delete_object(Bucket=self._bucket, Key=self._name)


def content_md5(body: bytes) -> str:
    return b64encode(md5(body, usedforsecurity=False).digest()).decode()
