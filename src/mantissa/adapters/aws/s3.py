"""The lake's objects in one bucket: put-if-absent is a conditional write, never a look before.

Each object carries the SHA-256 of its content as S3's own checksum, so that S3 refuses what was
damaged on the way and names the content without it being read again.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from mantissa.adapters.aws.errors import (
    CONDITION_FAILED,
    CONTENDED,
    calling,
    code_of,
    translated,
    was_retried,
)
from mantissa.adapters.aws.pauses import Pause, attempts, wait
from mantissa.adapters.aws.s3_stream import (
    BUFFER,
    READ,
    ObjectStream,
    buffered,
    info_of,
    whole_seconds,
)
from mantissa.errors import ObjectNotFound, StoreTransient
from mantissa.model import ObjectInfo

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import ObjectTypeDef

WRITE = "s3:PutObject"
WRITER = "writer"
"""Metadata that tells whose write it was when its answer got lost."""
TRIES = 8


class S3Objects:
    """An object store below one prefix of one bucket."""

    def __init__(
        self, client: S3Client, bucket: str, prefix: str = "", *, pause: Pause = wait
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._pause = pause

    def head(self, key: str) -> ObjectInfo:
        """Describe one object; its identity is the SHA-256 of its content."""
        with calling(READ, self._uri(key)):
            answer = self._client.head_object(
                Bucket=self._bucket, Key=self._prefix + key, ChecksumMode="ENABLED"
            )
        identity = _hex(answer.get("ChecksumSHA256", "")) or self._hashed(key)
        return info_of(answer, key, identity)

    def open(self, key: str) -> BinaryIO:
        """Open one object for streaming."""
        place = (self._bucket, self._prefix + key)
        return buffered(ObjectStream(self._client, place, pause=self._pause))

    def get(self, key: str) -> bytes:
        """Read one object whole."""
        with self.open(key) as stream:
            return stream.read()

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write durably unless the key exists; True if this call wrote it."""
        writer = secrets.token_hex(8)
        for _ in attempts(TRIES, self._pause):
            try:
                self._put(key, data, writer)
            except ClientError as error:
                if code_of(error) in CONDITION_FAILED:
                    # The SDK may have asked twice, and the first time have been heard.
                    return was_retried(error) and self._writer(key) == writer
                if code_of(error) not in CONTENDED:
                    raise translated(error, WRITE, self._uri(key)) from error
            except BotoCoreError as error:
                raise translated(error, WRITE, self._uri(key)) from error
            else:
                return True
        raise StoreTransient("other writers keep it busy", where=self._uri(key), fix="try again")

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """List objects by key, without reading their content (`identity` stays empty)."""
        start = len(self._prefix)
        for info in list_bucket(self._client, self._bucket, self._prefix + prefix):
            yield replace(info, key=info.key[start:])

    def delete(self, key: str) -> None:
        """Delete one object; absent is fine."""
        with calling("s3:DeleteObject", self._uri(key)):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    def _put(self, key: str, data: bytes, writer: str) -> None:
        self._client.put_object(
            Bucket=self._bucket,
            Key=self._prefix + key,
            Body=data,
            IfNoneMatch="*",
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=base64.b64encode(hashlib.sha256(data).digest()).decode(),
            Metadata={WRITER: writer},
        )

    def _writer(self, key: str) -> str:
        try:
            with calling(READ, self._uri(key)):
                answer = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)
        except ObjectNotFound:
            return ""
        return answer["Metadata"].get(WRITER, "")

    def _hashed(self, key: str) -> str:
        digest = hashlib.sha256()
        with self.open(key) as stream:
            while chunk := stream.read(BUFFER):
                digest.update(chunk)
        return digest.hexdigest()

    def _uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{key}"


def list_bucket(
    client: S3Client, bucket: str, prefix: str, after: str = ""
) -> Iterator[ObjectInfo]:
    """Yield a bucket's objects by key; `identity` stays empty.

    Args:
        after: yield only keys behind this one.
    """
    pages = client.get_paginator("list_objects_v2")
    asked = {"Bucket": bucket, "Prefix": prefix} | ({"StartAfter": after} if after else {})
    with calling("s3:ListBucket", f"s3://{bucket}"):
        for page in pages.paginate(**asked):  # type: ignore[arg-type]
            yield from (_listed(found) for found in page.get("Contents", []))


def _listed(found: ObjectTypeDef) -> ObjectInfo:
    etag = found.get("ETag", "").strip('"')
    modified = whole_seconds(found["LastModified"])
    return ObjectInfo(found["Key"], found.get("Size", 0), etag, modified, "")


def _hex(checksum: str) -> str:
    """Return S3's checksum as hex digits; nothing when it is one over the parts of an upload."""
    return "" if "-" in checksum else base64.b64decode(checksum).hex()
