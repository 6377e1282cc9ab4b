"""Raw objects to ingest, read from S3 buckets; a key is `s3://bucket/key`, a member's has `!name`.

An object's identity is the SHA-256 of its content, as on a laptop, so it has to be read whole
before anything is known of it. It is read once, into a temporary file that is hashed on the way and
then serves everything else; what is too large for that is read from S3 each time, on condition that
it has not changed. A sighting of the same object (`lake/seen.py`) names it without any reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mantissa.adapters.aws.pauses import Pause, wait
from mantissa.adapters.aws.s3 import list_bucket
from mantissa.adapters.aws.s3_stream import ObjectStream, buffered
from mantissa.adapters.aws.spool import Copy, Spool
from mantissa.adapters.local.members import MemberReader
from mantissa.errors import Conflict, ObjectNotFound, StoreError
from mantissa.lake.arrivals import Held
from mantissa.lake.notices import SCHEME
from mantissa.lake.seen import Seen, Sighting
from mantissa.model import ObjectInfo
from mantissa.sources.decode import is_archive, member_names
from mantissa.sources.record import Limits

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

MEMBER = "!"


class S3Inputs:
    """The reading half of an object store over raw buckets; for one thread at a time.

    Args:
        spool: where an object is kept while it is read.
    """

    def __init__(
        self, client: S3Client, seen: Seen, limits: Limits, *, spool: Spool, pause: Pause = wait
    ) -> None:
        self._client = client
        self._seen = seen
        self._limits = limits
        self._spool = spool
        self._pause = pause
        self._members = MemberReader(limits)
        self._described: dict[str, ObjectInfo] = {}
        self._held = ""

    @contextmanager
    def hold(self, uri: str) -> Iterator[Held]:
        """Keep one object as it is now, for as long as its keys are ingested."""
        info, sighting = self._look(uri)
        if sighting is not None and sighting.complete:
            yield Held(info, (), complete=True)
            return
        self._held = uri
        try:
            yield Held(info, list(self._keys(info)))
        finally:
            self.release()

    def release(self) -> None:
        """Forget the object that was read last, and its temporary file."""
        self._held = ""
        self._described.clear()
        self._members = MemberReader(self._limits)
        self._spool.clear()

    def head(self, key: str) -> ObjectInfo:
        """Describe one object or archive member by its content."""
        uri, name = self._located(key)
        info = self._info(uri)
        if not name:
            return info
        with self._named(key):
            identity, size = self._members.describe(self._path(info), name)
        return replace(info, key=key, identity=identity, size=size)

    def open(self, key: str) -> BinaryIO:
        """Open one object or archive member for streaming.

        Raises `Conflict` if the object is not what `head` described.
        """
        uri, name = self._located(key)
        info = self._described.get(uri) or self._info(uri)
        if name:
            with self._named(key):
                return self._members.open(self._path(info), name)
        copy = self._copy(info)
        return copy.open() if copy else buffered(self._stream(uri, info.etag))

    def listing(self, bucket: str, after: str = "") -> Iterator[ObjectInfo]:
        """List a bucket's objects behind one, by key; keys are URIs, `identity` stays empty."""
        place = f"{SCHEME}{bucket}/"
        for info in list_bucket(self._client, bucket, "", after.removeprefix(place)):
            yield replace(info, key=place + info.key)

    def _located(self, key: str) -> tuple[str, str]:
        """Tell an archive's URI from its member's name; an object whose key holds `!` stays whole."""
        if MEMBER not in key or key == self._held or key in self._described:
            return key, ""
        if self._held and key.startswith(self._held + MEMBER):
            return self._held, key[len(self._held) + 1 :]
        with suppress(ObjectNotFound):
            return self._info(key).key, ""
        at = key.find(MEMBER)
        while at >= 0:
            with suppress(ObjectNotFound):
                return self._info(key[:at]).key, key[at + 1 :]
            at = key.find(MEMBER, at + 1)
        raise ObjectNotFound("no such object", where=key)

    def _info(self, uri: str) -> ObjectInfo:
        """Describe an object as it is now, or as it is held."""
        if uri == self._held:
            return self._described[uri]
        return self._look(uri)[0]

    def _look(self, uri: str) -> tuple[ObjectInfo, Sighting | None]:
        """Ask S3 for an object; read it only when what it says of it has not been seen before."""
        with self._stream(uri) as stream:
            info = stream.info
            copy = self._spool.copy_of(uri, info.etag)
            sighting = self._seen.find(uri)
            if sighting is not None and sighting.identity and sighting.is_of(info):
                info = replace(info, identity=sighting.identity)
            else:
                sighting = None
                identity = copy.identity if copy else self._read(stream).identity
                info = replace(info, identity=identity)
                self._seen.note(info)
        self._described[uri] = info
        return info, sighting

    def _read(self, stream: ObjectStream) -> Copy:
        return self._spool.take(buffered(stream), stream.info)

    def _copy(self, info: ObjectInfo) -> Copy | None:
        """Return a copy of the described object; None when it is too large to be kept.

        Raises `Conflict`.
        """
        copy = self._spool.copy_of(info.key, info.etag)
        if copy is None:
            with self._stream(info.key, info.etag) as stream:
                copy = self._read(stream)
            if copy.identity != info.identity:
                raise Conflict("the object is not what it was", where=info.key)
        return copy if copy.path else None

    def _path(self, info: ObjectInfo) -> Path:
        copy = self._copy(info)
        if copy is None or copy.path is None:
            raise StoreError(
                f"an archive of {info.size} bytes, for which there is no room",
                where=info.key,
                fix="give the ingest function more ephemeral storage (ephemeral_storage_mb)",
            )
        return copy.path

    def _keys(self, info: ObjectInfo) -> Iterator[str]:
        with self.open(info.key) as stream:
            if not is_archive(stream):
                yield info.key
                return
        path = self._path(info)
        with path.open("rb") as stream:
            for name in member_names(stream, path.name, self._limits):
                yield f"{info.key}{MEMBER}{name}"

    @contextmanager
    def _named(self, key: str) -> Iterator[None]:
        """Name the object, not its temporary file, in what is told of it."""
        try:
            yield
        except (ObjectNotFound, Conflict) as error:
            raise type(error)(error.message, where=key) from error

    def _stream(self, uri: str, etag: str = "") -> ObjectStream:
        bucket, _, key = uri.removeprefix(SCHEME).partition("/")
        if not uri.startswith(SCHEME) or not bucket or not key:
            raise ObjectNotFound("no object of a raw bucket", where=uri)
        return ObjectStream(self._client, (bucket, key), etag=etag, pause=self._pause)
