"""One object of S3 as a stream that is complete or raises, however often its connection dies.

A response that ends before the object does is asked for again from where it ended, on condition
that the object is still the same (`If-Match`): never a short read, never a mix of two versions.
Seeking costs nothing until the next read.
"""

from __future__ import annotations

import contextlib
import io
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import FlexibleChecksumError, HTTPClientError, IncompleteReadError

from mantissa.adapters.aws.errors import calling
from mantissa.adapters.aws.pauses import Pause, pause_before, wait
from mantissa.errors import StoreTransient
from mantissa.model import ObjectInfo

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from types_boto3_s3.client import S3Client

MOST_RESUMES = 10
BUFFER = 1 << 20
READ = "s3:GetObject"
_DROPPED = (HTTPClientError, IncompleteReadError, OSError)


class ObjectStream(io.RawIOBase):
    """The bytes of one object as it was when the stream was made.

    Args:
        etag: what the object must be; `Conflict` if it is another by now.
    """

    def __init__(
        self,
        client: S3Client,
        place: tuple[str, str],
        *,
        etag: str = "",
        pause: Pause = wait,
    ) -> None:
        super().__init__()
        self._client = client
        self._bucket, self._key = place
        self._pause = pause
        self._resumes = 0
        self._at = 0
        condition = {"IfMatch": f'"{etag}"'} if etag else {}
        first = self._ask(condition)
        self.info = info_of(first, self.uri)
        self._body: StreamingBody | None = first["Body"]

    @property
    def uri(self) -> str:
        """How a person would name the object."""
        return f"s3://{self._bucket}/{self._key}"

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.info.size}[whence]
        if start + offset != self._at:
            self._let_go()
            self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read the next bytes; 0 at the object's end and only there."""
        while self._at < self.info.size:
            data = self._some(len(buffer))
            if data:
                buffer[: len(data)] = data
                self._at += len(data)
                return len(data)
        return 0

    def close(self) -> None:
        """Give the connection back."""
        self._let_go()
        super().close()

    def _some(self, size: int) -> bytes:
        """Return some bytes, or nothing when the connection ended early."""
        try:
            body = self._response()
            data = body.read(size)
            if data and self._at + len(data) == self.info.size:
                # The SDK compares checksums when it is asked for more than there is.
                body.read(1)
        except FlexibleChecksumError as error:
            raise StoreTransient("its bytes changed on the way", where=self.uri) from error
        except _DROPPED as error:
            self._drop(str(error))
            return b""
        if not data:
            self._drop("the response ended early")
        return data

    def _response(self) -> StreamingBody:
        if self._body is None:
            self._body = self._rest()
        return self._body

    def _rest(self) -> StreamingBody:
        """Ask for the bytes from here on."""
        condition = {"IfMatch": f'"{self.info.etag}"'}
        answer = self._ask({**condition, "Range": f"bytes={self._at}-"})
        if not str(answer.get("ContentRange", "")).startswith(f"bytes {self._at}-"):
            answer["Body"].close()
            raise StoreTransient("a part of it was asked for, another given", where=self.uri)
        return cast("StreamingBody", answer["Body"])

    def _ask(self, more: dict[str, str]) -> Any:
        with calling(READ, self.uri):
            return self._client.get_object(Bucket=self._bucket, Key=self._key, **more)  # type: ignore[arg-type]

    def _drop(self, why: str) -> None:
        self._let_go()
        self._resumes += 1
        if self._resumes > MOST_RESUMES:
            raise StoreTransient(f"its connection keeps ending: {why}", where=self.uri)
        self._pause(pause_before(self._resumes))

    def _let_go(self) -> None:
        body, self._body = getattr(self, "_body", None), None
        if body is not None:
            with contextlib.suppress(*_DROPPED):
                body.close()


def buffered(stream: ObjectStream) -> io.BufferedReader:
    """Return the stream with a buffer, so that small reads are cheap."""
    return io.BufferedReader(stream, BUFFER)


def info_of(answer: Any, uri: str, identity: str = "") -> ObjectInfo:
    """Return what S3 says of an object; its identity stays empty unless given."""
    modified = whole_seconds(answer["LastModified"])
    etag = str(answer["ETag"]).strip('"')
    return ObjectInfo(uri, int(answer["ContentLength"]), etag, modified, identity)


def whole_seconds(moment: datetime) -> datetime:
    """Return a time in UTC without its fraction: S3 lists more of it than it gives with an object."""
    return moment.astimezone(UTC).replace(microsecond=0)
